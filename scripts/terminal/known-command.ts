/** A place in the command line: `<guest>`. */
export interface KnownArgument {
  /** Name in the help and in the input. Completion goes by it: `guest`, `environment`, `folder`. */
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** Takes all words that are left; the input gets a list. Only the last one may. */
  readonly variadic?: boolean;
}

/** A flag, in commander's spelling. */
export interface KnownOption {
  /** `--at <time>` takes a value, `--force` does not. The input gets `at`, `force` (camel case). */
  readonly flags: string;
  readonly description: string;
  /** Its value is a list with commas between: given again, it goes on. */
  readonly isList?: boolean;
}

/** A command as others know it that tell of commands. */
export interface KnownCommand {
  readonly words: readonly string[];
  readonly summary: string;
  readonly load: () => Promise<{
    readonly command: { readonly arguments: readonly KnownArgument[]; readonly options: readonly KnownOption[] };
  }>;
}
