import { usageError } from "../terminal/command-error";
import { CredentialFolder, withoutSecrets } from "./credential-folder";
import {
  type ClosableEnvironment,
  type EnvironmentOptions,
  type LoadedEnvironment,
  loadEnvironment,
} from "./environment";
import { findProject, type ProjectSearch } from "./find-project";
import { chooseGuest, type FoundGuest, type UnusableEnvironment } from "./guest-selector";
import { environmentNames, type PulumiProject, readPulumiProject } from "./pulumi-project";
import type { Redactor } from "../terminal/redactor";

export type { LoadedEnvironment } from "./environment";
export { type FoundGuest, UnknownGuestError, type UnusableEnvironment } from "./guest-selector";

export interface SiteOptions extends ProjectSearch {
  redactor: Redactor;
  /** A folder with credentials. Then nothing but it gives any: neither the shell nor the settings. */
  credentials?: string | undefined;
}

/** A project: the environments of one site. */
export interface Site {
  /** The project's name in `Pulumi.yaml`. */
  readonly name: string;
  readonly project: PulumiProject;
  /** Names of all environments, sorted; their settings need not be right. */
  readonly environmentNames: readonly string[];
  /** @throws CommandError (2) when there is no such environment or its settings are wrong. */
  environment(name: string): LoadedEnvironment;
  /** The environment as its file says now, also from here on: this run has changed it. @throws CommandError (2) */
  reread(name: string): LoadedEnvironment;
  /**
   * The same project with settings that are not written yet; what is reread is what its file says. Closed by the caller.
   *
   * @param texts by environment
   */
  proposing(texts: ReadonlyMap<string, string>): Site;
  /** Every environment, and those whose settings are wrong. */
  environments(): { usable: LoadedEnvironment[]; unusable: UnusableEnvironment[] };
  /**
   * A guest by id, name or `env/name`.
   *
   * @throws CommandError (2) with the candidates when there are several, and with similar names when there is none.
   */
  findGuest(selector: string): FoundGuest;
  /** Closes the connections to the nodes. */
  close(): Promise<void>;
}

/** Finds the project and reads it. Settings of an environment are read when it is first asked for. */
export async function openSite(options: SiteOptions): Promise<Site> {
  return new ProjectSite(readPulumiProject(findProject(options)), environmentOptions(options));
}

function environmentOptions({ credentials, environment, redactor }: SiteOptions): EnvironmentOptions {
  if (credentials === undefined) return { environment, redactor };
  return { environment: withoutSecrets(environment), redactor, credentials: new CredentialFolder(credentials) };
}

class ProjectSite implements Site {
  readonly name: string;
  readonly environmentNames: readonly string[];
  private readonly loaded = new Map<string, ClosableEnvironment>();
  /** They may have connections that somebody still uses. */
  private readonly outdated: ClosableEnvironment[] = [];

  readonly project: PulumiProject;

  constructor(
    project: PulumiProject,
    private readonly options: EnvironmentOptions,
    private readonly proposed = new Map<string, string>(),
  ) {
    this.project = { ...project, proposed };
    this.name = project.name;
    this.environmentNames = environmentNames(project);
  }

  environment(name: string): LoadedEnvironment {
    const known = this.loaded.get(name);
    if (known !== undefined) return known;
    const loaded = loadEnvironment(this.project, name, this.options);
    this.loaded.set(name, loaded);
    return loaded;
  }

  reread(name: string): LoadedEnvironment {
    const old = this.loaded.get(name);
    if (old !== undefined) this.outdated.push(old);
    this.loaded.delete(name);
    this.proposed.delete(name);
    return this.environment(name);
  }

  proposing(texts: ReadonlyMap<string, string>): Site {
    return new ProjectSite(this.project, this.options, new Map(texts));
  }

  environments(): { usable: LoadedEnvironment[]; unusable: UnusableEnvironment[] } {
    if (this.environmentNames.length === 0) {
      throw usageError(`${this.project.settingsFolder} holds no settings of an environment (Pulumi.<env>.yaml)`);
    }
    const usable: LoadedEnvironment[] = [];
    const unusable: UnusableEnvironment[] = [];
    for (const name of this.environmentNames) {
      try {
        usable.push(this.environment(name));
      } catch (error) {
        unusable.push({ name, error });
      }
    }
    return { usable, unusable };
  }

  findGuest(selector: string): FoundGuest {
    return chooseGuest(selector, this);
  }

  async close(): Promise<void> {
    await Promise.all([...this.outdated, ...this.loaded.values()].map((environment) => environment.close()));
  }
}
