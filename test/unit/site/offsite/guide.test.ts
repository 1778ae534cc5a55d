import { readFileSync } from "node:fs";
import { join } from "node:path";
import { offsiteReaderPolicy, writerPolicy } from "../../../../site/offsite/policies";

const guide = readFileSync(join(__dirname, "../../../../docs/guides/offsite.md"), "utf8");

function block(name: string): unknown {
  const text = new RegExp(`^\`\`\`json ${name}\n(.*?)^\`\`\`$`, "msu").exec(guide)?.[1];
  if (text === undefined) throw new Error(`the guide has no ${name}`);
  return JSON.parse(text);
}

test("the guide's policies are those that are tried [J1]", () => {
  expect(block("writer")).toEqual(writerPolicy("shop-far-away", "aws"));
  expect(block("reader")).toEqual(offsiteReaderPolicy("shop-far-away", "aws"));
  const { Statement } = writerPolicy("shop-far-away", "minio");
  expect(block("minio")).toEqual(Statement.slice(writerPolicy("shop-far-away", "aws").Statement.length));
});
