/**
 * A part of the toolchain: one pinned external program, and every way in which it can be had.
 *
 * A new part is one file beside this one and one line in `index.ts`. What obtains parts knows none of them by name.
 */
export interface Part {
  /** Unique; in messages, reports and the names of cache folders. */
  readonly name: string;
  /** Exact version that is obtained, without a leading "v". */
  readonly version: string;
  /**
   * A tool goes on PATH; a plugin goes into the plugins folder of a PULUMI_HOME; an artifact is no part of the toolchain:
   * a program for a guest, which is handed over as a file, or one that checks the project itself.
   */
  readonly kind: "tool" | "plugin" | "artifact";
  /** File name of the program. For a plugin the one that Pulumi's engine expects: `pulumi-resource-<name>`. */
  readonly executable: string;
  /** How a copy that somebody else installed is found; left out where no such copy is ever used. */
  readonly installed?: InstalledCopy;
  readonly official?: (platform: Platform) => Release;
  readonly upstream?: UpstreamBuild;
  readonly tree?: TreeBuild;
  readonly standIn?: StandIn;
  /** How the program tells its version. It is asked before a copy that was built, or one from a release, is trusted. */
  readonly versionCheck?: VersionCheck;
  /** Obtained only when it is named: never with all the others. */
  readonly onRequest?: boolean;
  /** What whoever asks for it has to know, such as its licence. */
  readonly notice?: string;
  /** Program of the project that makes with it what Lifeboat makes. It is run before a copy is trusted, wherever from. */
  readonly trial?: string;
}

export type InstalledCopy =
  /** On PATH, of the same major version and at least the pinned one. */
  | { readonly on: "path" }
  /** In the folder of another part that was found on PATH: a distribution that brings both at one version. */
  | { readonly on: "path"; readonly beside: string }
  /** In PULUMI_HOME's plugins folder, at exactly the pinned version. */
  | { readonly on: "plugin folder" };

/** In the words of Node: `process.platform` and `process.arch`. */
export interface Platform {
  readonly system: string;
  readonly architecture: string;
}

/** A published gzipped tar archive, whose sum is pinned in `sums.sha256`. A mirror has the same file names in one flat folder. */
export interface Release {
  /** Folder of the release, without a slash at the end. */
  readonly folder: string;
  readonly archive: string;
  /** File of the release with lines "<sha256>  <file name>": looked at when a sum is pinned, and never after. */
  readonly checksums: string;
  /** Path of the program in the archive. */
  readonly member: string;
}

/** A program built from the Go module proxy by a module of ours with pinned go.mod and go.sum. */
export interface UpstreamBuild {
  /** Folder below `upstream/`. */
  readonly module: string;
  /** Go package of the program: an import path, or a path in the module. */
  readonly goPackage: string;
  /** Build tags, where upstream's own build sets any. */
  readonly tags?: readonly string[];
  /** Variables that the linker sets: import path and name, and value. */
  readonly variables: Readonly<Record<string, string>>;
  /** Another module's source, cut to what is needed, that goes into the module's folder as `upstream/` before anything is compiled. */
  readonly cut?: CutSource;
  /** Runs before the program is built, to write files that it embeds. */
  readonly generator?: { readonly goPackage: string; readonly arguments: readonly string[] };
}

/** The part of a large Go module that a build needs; its own source is never kept here. */
export interface CutSource {
  readonly module: string;
  readonly moduleVersion: string;
  /** Of the module's files, and of its go.mod, as go.sum has them. */
  readonly sums: { readonly files: string; readonly goMod: string };
  /** Services whose resources are kept, by the names of their folders. */
  readonly services: readonly string[];
  /** Their clients, by the names of their methods without `Client`. */
  readonly clients: readonly string[];
}

/** A folder of files, as one tar archive, built from the source of a Go module that is no Go alone. */
export interface TreeBuild {
  /** Folder below `upstream/` with what the build brings along. */
  readonly recipe: "grafana";
  readonly module: string;
  readonly moduleVersion: string;
  /** Of the module's files, as go.sum has it. */
  readonly sum: string;
}

/** A substitute of our own for closed networks, bundled into one file that Node runs. */
export interface StandIn {
  /** TypeScript file below `stand-ins/`. */
  readonly entryPoint: string;
}

export interface VersionCheck {
  readonly arguments: readonly string[];
  /** The first line that the program must print, apart from white space at its ends. */
  readonly output: string;
}

/** Where a copy of a part comes from. */
export type Origin = "already installed" | "official" | "built from upstream" | "stand-in";
