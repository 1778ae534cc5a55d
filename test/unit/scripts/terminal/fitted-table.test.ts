import * as fc from "fast-check";
import { type Column, fitTable, type FlexibleColumn } from "../../../../scripts/terminal/fitted-table";
import { parts, render, shortenName, width } from "../../../../scripts/terminal/text";

interface Row {
  readonly name: string;
  readonly id: number;
  readonly note: string;
}

const columns: readonly (Column<Row> | FlexibleColumn<Row>)[] = [
  { heading: "GUEST", text: ({ name }) => name, before: () => "✓ ", readable: 24, shorten: shortenName },
  { heading: "ID", cell: ({ id }) => String(id), align: "right" },
  { heading: "NOTE", cell: ({ note }) => note, leaveOut: 1 },
  { heading: "MORE", cell: ({ note }) => note, leaveOut: 2 },
];

function laidOut(rows: readonly Row[], room: number): string[] {
  return fitTable(rows, columns, room).map((row) => row.map((cell) => render(cell, false)).join("|"));
}

const rows: readonly Row[] = [
  { name: "web", id: 101, note: "0123456789" },
  { name: "customer-portal-backend-01", id: 300_001, note: "x" },
];

test("with room enough everything is there, numbers end below each other", () => {
  expect(laidOut(rows, Infinity)).toEqual([
    "  GUEST|    ID|NOTE|MORE",
    "✓ web|   101|0123456789|0123456789",
    "✓ customer-portal-backend-01|300001|x|x",
  ]);
});

test("columns go one by one, then names get shorter; the id stays", () => {
  expect(laidOut(rows, 50)[2]).toBe("✓ customer-portal-backend-01|300001|x");
  expect(laidOut(rows, 36)[2]).toBe("✓ customer-portal-backend-01|300001");
  expect(laidOut(rows, 26)[2]).toBe("✓ customer-p…nd-01|300001");
});

test("no line is wider than the room as long as a name of eight columns fits", () => {
  const row = fc.record({ name: fc.string({ minLength: 1 }), id: fc.nat(999_999_999), note: fc.string() });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), fc.integer({ min: 24, max: 200 }), (many, room) => {
      const table = fitTable(many, columns, room);
      const widths = table.map((cells) => cells.reduce((sum, cell) => sum + 2 + width(cell), -2));
      expect(Math.max(...widths)).toBeLessThanOrEqual(room);
      expect(
        table.slice(1).map((cells) =>
          parts(cells[1] ?? "")
            .join("")
            .trim(),
        ),
      ).toEqual(many.map(({ id }) => String(id)));
    }),
  );
});

test("a shortened name keeps its beginning and its end", () => {
  expect(shortenName("customer-portal-backend-02", 14)).toBe("customer-…d-02");
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 40 }), (name, room) => width(shortenName(name, room)) <= room),
  );
});
