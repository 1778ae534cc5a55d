import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "../../../site/settings/environment";
import { pulumiPlace } from "../../project/pulumi-variables";
import { PulumiCli } from "../../clients/pulumi-cli/pulumi-cli";
import { localBackend } from "../../project/backend";
import type { LoadedEnvironment } from "../../project/environment";
import { openStateAt, readyForPulumi, stateMarkAt } from "../../project/state-backend";
import type { Site } from "../../project/site";
import { readRecord, recordFile } from "../steps/state/fallback-record";
import { clearOurDeadLocks } from "../steps/state/pulumi-lock";
import { StateFolder } from "../engine/state-folder";
import type { StackSession } from "../engine/session";
import type { StackSubject } from "../engine/subject";
import { lookAtStack, type StackLook } from "./backend-state";
import type { CommandContext } from "../../project/context";

/** An environment's stack, as `lifeboat up` works on it. Its settings are read anew, since this run may change them. */
export class StackWork implements StackSession {
  readonly state: StateFolder;
  readonly subject: StackSubject;

  constructor(
    readonly site: Site,
    readonly selector: string,
    readonly context: CommandContext,
    readonly dryRun: boolean,
    /** What the program is told for these runs, beyond what is always said. */
    private readonly variables: Readonly<Record<string, string>> = {},
  ) {
    this.subject = { kind: "stack", environment: selector };
    const { endpoint } = this.environment.settings.proxmox;
    this.state = new StateFolder({ environment: selector, endpoint }, context.io.environment);
  }

  /** Whether the state is on this machine because the store was given up for a while. */
  get isInFallback(): boolean {
    const { project } = this.environment;
    return readRecord(recordFile(project, this.selector, this.context.io.environment)) !== undefined;
  }

  /** Folder for what exists only while it is used. */
  get scratch(): string {
    return join(this.state.path, "scratch");
  }

  /** Folder for what `pulumi` prints. */
  get logs(): string {
    return join(this.state.path, "pulumi");
  }

  get environment(): LoadedEnvironment {
    return this.site.environment(this.selector);
  }

  /** The `pulumi` program on this stack, in the backend of a URL. */
  async cli(url: string): Promise<PulumiCli> {
    const variables = this.context.io.environment;
    const { project } = this.environment;
    const { place } = await pulumiPlace(this.environment, variables);
    const local = localBackend(project, variables);
    if (url === local.url) mkdirSync(local.folder, { recursive: true, mode: 0o700 });
    readyForPulumi(url, variables);
    return new PulumiCli({
      ...place,
      variables: { ...place.variables, ...this.apart(), ...this.variables, PULUMI_BACKEND_URL: url },
      stateMark: (signal) => stateMarkAt(url, this.environment, variables, signal),
      logs: this.logs,
    });
  }

  /** The stack that makes the store does without it in a fallback. */
  private apart(): Record<string, string> {
    const isOwner = this.environment.stateStore()?.environment.name === this.selector;
    return isOwner && this.isInFallback ? { LIFEBOAT_STATE_STORE: "apart" } : {};
  }

  /** Takes the locks in a backend away that an ended `pulumi` of ours has left. */
  async clearDeadLocks(url: string): Promise<void> {
    const { environment, context } = this;
    const store = await openStateAt(url, environment, context.io.environment, { signal: context.signal });
    const place = { project: environment.project.name, stack: this.selector };
    if (store !== undefined) await clearOurDeadLocks({ store, place }, this.logs);
  }

  /** @param key for a bucket, where the settings do not hold it yet. */
  look(url: string, key?: KeyPair): Promise<StackLook | undefined> {
    return lookAtStack(this.environment, url, this.context, key);
  }
}
