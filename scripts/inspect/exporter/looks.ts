import { ProxmoxError } from "../../../proxmox/api/errors";
import type { MissingPrivilege } from "../../../proxmox/api/permissions";
import { failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import { runBounded } from "../../machine/bounded";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Surroundings, surroundingsOf } from "../status/surroundings";
import { KeptLook, type LookFailure } from "./kept-look";
import { type EnvironmentLook, lookAt, lookForMissing, LookMemory } from "./look";
import { pageOf } from "./page";
import { type Sample, sample } from "./sample";
import { samplesOf } from "./samples";
import packageJson from "../../../package.json";

/** Environments that are looked at side by side; each asks its own nodes, over a few connections. */
const atOnce = { parallel: 4, perKey: 4, keyOf: () => "" };

/** What is kept of an environment while the exporter runs. */
interface Watched {
  readonly kept: KeptLook;
  /** What its last look could not see, one clause each. */
  unseen: readonly string[];
  readonly memory: LookMemory;
  isBusy: boolean;
}

export interface LooksOptions {
  /** Seconds from one look to the next; it is only printed here. */
  readonly interval: number;
  /** Folder with credentials. Default: they are found as every command finds them. */
  readonly credentials: string | undefined;
}

/** The looks at every environment of a project, and the page that they come to. */
export class Looks {
  private readonly watched = new Map<string, Watched>();
  private page: string | undefined;

  constructor(
    private readonly context: CommandContext,
    private readonly options: LooksOptions,
  ) {}

  /** The metrics by the last looks. Waits for nothing. */
  text(): string {
    return (this.page ??= pageOf(this.samples()));
  }

  /** Names of the environments of which the last look has not succeeded. */
  get missed(): string[] {
    return [...this.watched].filter(([, { kept }]) => kept.isMissed).map(([name]) => name);
  }

  /** What the last looks could not see of environments that they saw otherwise: `prod: storage backup`. */
  get incomplete(): string[] {
    return [...this.watched].flatMap(([name, { unseen }]) => unseen.map((what) => `${name}: ${what}`));
  }

  /**
   * Looks at every environment by the settings as they are now; at none of which the look before has not ended. One that the
   * settings have no more is forgotten.
   *
   * @throws CommandError (2) without a project, or with none of its environments.
   */
  async round(): Promise<void> {
    const site = await this.openSite();
    const close = (): void => void site.close();
    this.context.signal.addEventListener("abort", close, { once: true });
    try {
      const { usable, unusable } = site.environments();
      this.forget(new Set(site.environmentNames));
      for (const { name, error } of unusable) this.fail(name, error);
      const surroundings = surroundingsOf(site, usable);
      await runBounded(usable, atOnce, (environment) => this.look(environment, surroundings));
    } finally {
      this.context.signal.removeEventListener("abort", close);
      await site.close();
    }
  }

  /** Without a project nobody looks: what was seen grows as old as after looks that fail. */
  private async openSite(): Promise<Site> {
    try {
      return await this.context.openSite(this.options.credentials);
    } catch (error) {
      for (const { kept } of this.watched.values()) kept.failed(kindOf(error), false);
      this.page = undefined;
      throw error;
    }
  }

  private samples(): Sample[] {
    const environments = [...this.watched];
    return [
      ...sample("lifeboat_build_info", { version: packageJson.version }, 1),
      ...environments.flatMap(([environment, { kept }]) => [
        ...sample("lifeboat_look_interval_seconds", { environment }, this.options.interval),
        ...kept.samples(),
      ]),
    ];
  }

  private of(name: string): Watched {
    const known = this.watched.get(name);
    if (known !== undefined) return known;
    const made = { kept: new KeptLook(name), memory: new LookMemory(), isBusy: false, unseen: [] };
    this.watched.set(name, made);
    return made;
  }

  private forget(names: ReadonlySet<string>): void {
    for (const name of this.watched.keys()) if (!names.has(name)) this.watched.delete(name);
    this.page = undefined;
  }

  private async look(environment: LoadedEnvironment, surroundings: Surroundings): Promise<void> {
    const watched = this.of(environment.name);
    const { kept, memory } = watched;
    if (watched.isBusy) {
      kept.passed();
      this.page = undefined;
      return;
    }
    watched.isBusy = true;
    const begun = performance.now();
    try {
      const missing = await lookForMissing(environment);
      kept.lacks(missing);
      const look = await lookAt(environment, surroundings, memory, this.context);
      const seconds = Math.round(performance.now() - begun) / 1_000;
      if (look.facts.storages.unreadable.length > 0) kept.count("incomplete");
      watched.unseen = unseenBy(look, missing);
      kept.saw({ samples: samplesOf(look), ended: Date.now() / 1_000, seconds });
    } catch (error) {
      this.fail(environment.name, error);
    } finally {
      memory.tidy();
      watched.isBusy = false;
      this.page = undefined;
    }
  }

  /** A failure of one environment leaves the others going, also one that is a defect of ours. */
  private fail(name: string, error: unknown): void {
    const { signal, talk } = this.context;
    if (signal.aborted) return;
    const kind = kindOf(error);
    const watched = this.of(name);
    watched.unseen = [];
    watched.kept.failed(kind, kind === "forbidden");
    this.page = undefined;
    const { message, hint, stack } = failureOf(error, `look at ${name}`);
    if (stack !== undefined) talk.text(stack);
    talk.line(message);
    if (hint !== undefined) talk.hint(hint);
  }
}

/** What a look could not see: it must not pass for a whole one. */
function unseenBy({ facts, state, status }: EnvironmentLook, missing: readonly MissingPrivilege[]): string[] {
  const trouble = state?.status.trouble;
  const causes = [
    ...facts.storages.unreadable,
    ...missing.map(({ privilege, path }) => `the token lacks ${privilege} on ${path}`),
  ];
  const unsure = status.guests.filter(({ allSeen }) => !allSeen);
  return [
    ...causes,
    // Of an archive of its own, or of a storage that may not be mounted.
    ...(causes.length === 0 ? unsure.map(({ name }) => `the backups of ${name} could not all be seen`) : []),
    ...(trouble === undefined ? [] : [`its state could not be seen: ${trouble}`]),
  ];
}

/** The kind of a failure: one of few, whatever its message. */
function kindOf(error: unknown): LookFailure {
  if (error instanceof ProxmoxError) return error.kind;
  if (!(error instanceof CommandError)) return "defect";
  return error.exitCode === exitCodes.passphrase ? "passphrase" : "settings";
}
