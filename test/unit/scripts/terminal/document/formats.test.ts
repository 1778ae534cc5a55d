import {
  code,
  type Document,
  list,
  section,
  table,
  text,
  warning,
} from "../../../../../scripts/terminal/document/document";
import { type DocumentFormat, printDocument } from "../../../../../scripts/terminal/document/formats";
import type { InputOutput } from "../../../../../scripts/terminal/input-output";
import { Lines } from "../../../../../scripts/terminal/talk";
import { Redactor } from "../../../../../scripts/terminal/redactor";

/** One page in three forms. Names come from guests and nodes: none of them may become a part of the page. */

const hostile = `<script>alert(1)</script> | [x](https://evil.example) \`a\` *b* _c_ & "q" \u001b[31mred\nnext`;

const page: Document = {
  title: "A page",
  introduction: ["Made today."],
  sections: [
    section("First", [text("words"), warning("look here"), list(["one", "two"])]),
    section(
      "Second",
      [
        table(
          ["NAME", "SIZE"],
          [
            ["web", "1.0 GiB"],
            [hostile, ""],
          ],
        ),
        code(["lifeboat status", "  <b>"]),
      ],
      3,
    ),
  ],
};

function printed(format: DocumentFormat, document = page, columns = Infinity): string {
  let output = "";
  const io: InputOutput = {
    writeOutput: (words) => void (output += words),
    writeError: () => undefined,
    environment: { NO_COLOR: "1" },
    workingDirectory: "/",
    program: "lifeboat",
    isTerminal: { input: false, output: Number.isFinite(columns), error: false },
    columns: () => columns,
    onInterrupt: () => () => undefined,
  };
  const lines = new Lines(io.writeOutput, io, "output", new Redactor());
  printDocument(document, format, lines);
  return output;
}

test("HTML: the whole page, with nothing of a name left as markup, no script and nothing from elsewhere [H6]", () => {
  const html = printed("html");
  expect(html).toContain(
    '<h1>A page</h1>\n<p>Made today.</p>\n<h2>First</h2>\n<p>words</p>\n<p class="warning">look here</p>',
  );
  expect(html).toContain("<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n<h3>Second</h3>");
  expect(html).toContain("<thead><tr><th>NAME</th><th>SIZE</th></tr></thead>");
  expect(html).toContain(
    "<td>&lt;script&gt;alert(1)&lt;/script&gt; | [x](https://evil.example) `a` *b* _c_ &amp; &quot;q&quot; red next</td>",
  );
  expect(html).toContain(
    '<pre\n><span class="line">lifeboat status</span\n><span class="line">  &lt;b&gt;</span\n></pre>',
  );
  expect(html).toContain("@media print");
  expect(html).not.toMatch(/<script|\ssrc=|\shref=|url\(/u);
});

test("HTML: a line to type is one line on paper, and its words are whole; taken out of the page it is as it was [H7]", () => {
  const lines = ["lifeboat up --force  -q", "", `--${"x".repeat(80)} <a-b>`];
  const document: Document = { title: "", introduction: [], sections: [section("", [code(lines)])] };
  const block = /<pre[^]*<\/pre>/u.exec(printed("html", document))?.[0] ?? "";
  expect(block).toContain('lifeboat up <span class="word">--force</span>  <span class="word">-q</span></span');
  expect(block).not.toContain('<span class="word">--x');
  const texts = [...block.matchAll(/<span class="line">(.*)<\/span$/gmu)].map(([, text = ""]) =>
    text.replace(/<[^>]+>/gu, ""),
  );
  expect(texts.map((text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">"))).toEqual(lines);
});

test("Markdown: a name is neither a cell, a link, code nor HTML; a size stays as it is [H6]", () => {
  const markdown = printed("markdown");
  expect(markdown).toContain(
    "# A page\n\nMade today.\n\n## First\n\nwords\n\n> **look here**\n\n- one\n- two\n\n### Second\n",
  );
  expect(markdown).toContain("| NAME | SIZE |\n| --- | --- |\n| web | 1.0 GiB |\n");
  const row = markdown.split("\n").find((line) => line.includes("script"));
  expect(row).toBe(
    String.raw`| \<script\>alert(1)\</script\> \| \[x\](https://evil.example) \`a\` \*b\* \_c\_ \& "q" red next |  |`,
  );
  expect(printed("markdown", { ...page, introduction: ["# no heading", "1. no list", "1.5 litres"] })).toContain(
    `\n\n${String.raw`\# no heading`}\n\n${String.raw`1\. no list`}\n\n1.5 litres\n`,
  );
});

test("text: a table where it fits, and otherwise a paragraph for each row [H6]", () => {
  expect(printed("text")).toContain("  NAME");
  const narrow = printed(
    "text",
    {
      ...page,
      sections: [
        section("S", [table(["NAME", "WHAT IT IS", "EMPTY"], [["web", "a long text that does not fit", ""]])]),
      ],
    },
    24,
  );
  expect(narrow).toContain("  web\n    WHAT IT IS: a long text that\n                does not fit\n");
  expect(narrow).not.toContain("EMPTY");
  expect(narrow.split("\n").filter((line) => line.length > 40)).toEqual([]);
});
