import { death } from "./failure";

/** A value of a form, a query or a JSON body; lists stand for repeated names. */
export type RawValue = string | string[];

/**
 * One parameter in the words of Proxmox's JSON schema. Our own tables, written for the operations in use; a unit test
 * compares them with the published schema where that is at hand.
 */
export interface ParameterSchema {
  type: "string" | "integer" | "number" | "boolean" | "array";
  optional?: true;
  /** Name of a format (formats.ts), or the keys of a property string. A name ending in `-list` takes a comma list. */
  format?: string | PropertyFormat;
  enum?: readonly string[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  /** Regular expression for the whole value. */
  pattern?: string;
  /** Another parameter that must be given as well. */
  requires?: string;
  /** Entries of an array. */
  items?: ParameterSchema;
  /** How many of a name with `[n]` there are: `mp[n]` with 256 stands for mp0 to mp255. */
  count?: number;
}

/** Keys of a property string such as `mp=/data,backup=1`. */
export type PropertyFormat = Readonly<Record<string, PropertySchema>>;

export interface PropertySchema extends ParameterSchema {
  /** The one key whose value may stand without its name. */
  defaultKey?: true;
  /** This key is another name of that one. */
  alias?: string;
}

export type ParameterTable = Readonly<Record<string, ParameterSchema>>;

/** Checked parameters of a call. Booleans are `0` or `1`, everything else is the text that was sent. */
export class Parameters {
  readonly values: ReadonlyMap<string, RawValue>;

  constructor(values: ReadonlyMap<string, RawValue>) {
    this.values = values;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** The text, or undefined when it was not sent. A list comes back joined by commas. */
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return Array.isArray(value) ? value.join(",") : value;
  }

  /** The text of a parameter that its table requires. */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw death(`parameter '${name}' is not in the table of this operation`);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  /** The number of a parameter that its table requires, such as `vmid`. */
  requiredInteger(name: string): number {
    return Number(this.required(name));
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : value === "1";
  }

  /** A comma list or a repeated parameter, split as PVE::Tools::split_list does. */
  list(name: string): string[] {
    const value = this.values.get(name);
    if (value === undefined) return [];
    return Array.isArray(value) ? value : splitList(value);
  }

  /** All parameters but those named, as name and text, in the order in which they were sent. */
  entries(...without: string[]): [string, string][] {
    return [...this.values.keys()].filter((name) => !without.includes(name)).map((name) => [name, this.required(name)]);
  }

  /** Lists stay lists. */
  array(name: string): string[] | undefined {
    const value = this.values.get(name);
    return value === undefined || Array.isArray(value) ? value : [value];
  }
}

/** Splits at commas, semicolons, NUL bytes and white space (PVE::Tools::split_list). */
export function splitList(text: string): string[] {
  return text.split(/[\0,;\s]+/).filter((part) => part !== "");
}
