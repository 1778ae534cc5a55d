import * as fc from "fast-check";
import { plainLines, plainText } from "../../../../proxmox/api/plain-text";
import { formatAge, formatBytes, formatDuration } from "../../../../scripts/terminal/durations";
import { safeJson } from "../../../../scripts/terminal/output";
import { bold, counted, padEnd, red, render, shorten, width } from "../../../../scripts/terminal/text";
import { Redactor } from "../../../../scripts/terminal/redactor";

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/u;

describe("plain text", () => {
  test.each([
    ["a\u001b[31mb\u001b[0m", "ab"],
    ["a\u001b]0;title\u0007b", "ab"],
    ["a\u001b]8;;https://example.invalid\u001b\\link\u001b]8;;\u001b\\", "alink"],
    ["a\u009b2Jb", "ab"],
    ["one\ntwo\tthree\r\n", "one two three"],
    ["abc\u202edef", "abcdef"],
    ["bell\u0007 del\u007f", "bell del"],
    ["a'; touch pwned; $(x) \"", "a'; touch pwned; $(x) \""],
    ["Zürich 東京 🚢", "Zürich 東京 🚢"],
  ])("%j", (text, plain) => expect(plainText(text)).toBe(plain));

  test("no text whatever leaves a control character, in one line or several", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(plainText(text)).not.toMatch(control);
        expect(plainText(text)).not.toContain("\n");
        expect(plainLines(text)).not.toMatch(control);
      }),
    );
  });

  test("rendering makes styles and lets nothing else through", () => {
    expect(render(["x\u001b[31m ", red("y\u001b[0m"), "z"], true)).toBe("x \u001b[31my\u001b[39mz");
    expect(render([bold("a "), "b"], false)).toBe("a b");
  });
});

describe("columns", () => {
  test.each([
    ["abc", 3],
    ["東京", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["🚢", 2],
  ])("%s takes %i", (text, columns) => expect(width(text)).toBe(columns));

  test("padding and cutting agree with the width", () => {
    expect(render([padEnd("東京", 6), "|"].flat(), false)).toBe("東京  |");
    expect(shorten("東京都庁", 5)).toBe("東京…");
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 40 }),
        (text, columns) => width(shorten(text, columns)) <= columns,
      ),
    );
  });
});

test.each([
  [0.04, "0.0 s"],
  [9.96, "10.0 s"],
  [38, "38 s"],
  [125, "2 min 5 s"],
  [3_600, "1 h"],
  [11_400, "3 h 10 min"],
  [90_000, "1 d 1 h"],
])("%d seconds are '%s'", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test.each([
  [30, "just now"],
  [3_599, "59 min"],
  [172_799, "47 h"],
  [172_800, "2 d"],
])("%d seconds ago is '%s'", (seconds, text) => expect(formatAge(seconds)).toBe(text));

test.each([
  [0, "0 B"],
  [1_023, "1023 B"],
  [1_024, "1.0 KiB"],
  [1_048_575, "1.0 MiB"],
  [8 * 1024 ** 3, "8.0 GiB"],
  [120 * 1024 ** 2, "120 MiB"],
])("%d bytes are '%s'", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test("JSON holds no control character raw, and says the same", () => {
  const value = { text: "a\u001b[31m\u009b\u202e\u007f\nb" };
  expect(safeJson(value)).not.toMatch(control);
  expect(JSON.parse(safeJson(value))).toEqual(value);
});

describe("the redactor", () => {
  test("masks a secret in every form that it may take", () => {
    const redactor = new Redactor();
    redactor.remember('pa"ss/wörd');
    for (const form of ['pa"ss/wörd', "pa%22ss%2Fw%C3%B6rd", JSON.stringify('x pa"ss/wörd y')]) {
      expect(redactor.redact(`a ${form} b`)).toContain("[secret]");
    }
  });

  test("one secret within another is no leftover", () => {
    const redactor = new Redactor();
    redactor.remember("abcdef");
    redactor.remember("abcdef-ghijkl");
    expect(redactor.redact("abcdef-ghijkl abcdef")).toBe("[secret] [secret]");
  });

  test("short words are left alone", () => {
    const redactor = new Redactor();
    redactor.remember("prod");
    expect(redactor.redact("prod")).toBe("prod");
  });
});

test.each([
  [0, "0 guests", "0 copies"],
  [1, "1 guest", "1 copy"],
  [2, "2 guests", "2 copies"],
])("%i things are counted in words", (count, guests, copies) => {
  expect([counted(count, "guest"), counted(count, "copy", "copies")]).toEqual([guests, copies]);
});
