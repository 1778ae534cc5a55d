import * as fc from "fast-check";
import { describe as describeGuest, markOf, readMark } from "../../../site/mark";

const mark = { environment: "prod", guest: "web" };

test("the mark is one line that says whose guest it is", () => {
  expect(markOf(mark)).toBe("lifeboat: prod/web");
});

test("a description keeps its own text, and ends in the mark", () => {
  expect(describeGuest(mark, undefined)).toBe("lifeboat: prod/web");
  expect(describeGuest(mark, " \n")).toBe("lifeboat: prod/web");
  expect(describeGuest(mark, "Shop\n")).toBe("Shop\n\nlifeboat: prod/web");
});

test("Proxmox's line break at the end, and carriage returns, do not hide the mark", () => {
  expect(readMark("Shop\n\nlifeboat: prod/web\n")).toEqual(mark);
  expect(readMark("Shop\r\nlifeboat: prod/web\r\n")).toEqual(mark);
});

test("a text that quotes another mark does not change whose guest it is", () => {
  expect(readMark(describeGuest(mark, "copied from\nlifeboat: lab/old"))).toEqual(mark);
});

test.each([
  undefined,
  "",
  "lifeboat",
  "lifeboat: prod",
  "see lifeboat: prod/web",
  "lifeboat: prod/web/x",
  "lifeboat: /web",
])("%j bears no mark", (text) => expect(readMark(text)).toBeUndefined());

test("every description gives back the mark that was put in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => expect(readMark(describeGuest(mark, text))).toEqual(mark)),
  );
});
