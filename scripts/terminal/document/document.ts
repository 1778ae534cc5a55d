/** A page for people: the same contents as text, Markdown or HTML. Every string is data, whatever stands in it. */
export interface Document {
  readonly title: string;
  /** What it is, and of when, below the title. */
  readonly introduction: readonly string[];
  readonly sections: readonly Section[];
}

export interface Section {
  /** 2: a chapter; 3: a part of the one before. */
  readonly level: 2 | 3;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: "text"; readonly text: string }
  /** Something that must not be overlooked. */
  | { readonly kind: "warning"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly string[] }
  | {
      readonly kind: "table";
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  /** Lines that are copied as they are: commands, a file. */
  | {
      readonly kind: "code";
      readonly lines: readonly string[];
      /** Nothing for people: a page on paper leaves it out. */
      readonly notPrinted?: boolean;
    };

export function text(words: string): Block {
  return { kind: "text", text: words };
}

export function warning(words: string): Block {
  return { kind: "warning", text: words };
}

export function list(items: readonly string[]): Block {
  return { kind: "list", items };
}

export function table(columns: readonly string[], rows: readonly (readonly string[])[]): Block {
  return { kind: "table", columns, rows };
}

export function code(lines: readonly string[]): Block {
  return { kind: "code", lines };
}

export function section(title: string, blocks: readonly Block[], level: Section["level"] = 2): Section {
  return { level, title, blocks };
}
