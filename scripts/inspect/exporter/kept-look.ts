import type { ProxmoxErrorKind } from "../../../proxmox/api/errors";
import type { MissingPrivilege } from "../../../proxmox/api/permissions";
import { type Sample, sample } from "./sample";

/** After so many looks without success in a row nobody prints any more what was seen before. */
const missesAtMost = 3;

/** Why a look failed, or saw less than everything. */
export type LookFailure = ProxmoxErrorKind | "defect" | "incomplete" | "passphrase" | "settings";

/** Counted from 0 on: in a series that begins with 1 Prometheus sees no increase, and the first failure would be none. */
const noFailures: Readonly<Record<LookFailure, 0>> = {
  defect: 0,
  failed: 0,
  forbidden: 0,
  gone: 0,
  incomplete: 0,
  invalid: 0,
  lost: 0,
  passphrase: 0,
  settings: 0,
  unauthorized: 0,
  unexpected: 0,
  unreachable: 0,
  untrusted: 0,
};

/** A look that succeeded. */
interface GoodLook {
  readonly samples: readonly Sample[];
  /** Unix seconds at which it ended. */
  readonly ended: number;
  /** How long it took. */
  readonly seconds: number;
}

/**
 * What is printed of one environment. What a look has seen stays for two looks that fail, under the time of the look that saw
 * it; with the third it goes, so that nothing old passes for fresh, and no error for a backup that is missing.
 */
export class KeptLook {
  private good: GoodLook | undefined;
  private misses = 0;
  private isUp: boolean | undefined;
  private missing: readonly MissingPrivilege[] = [];
  private readonly errors = new Map<string, number>(Object.entries(noFailures));

  constructor(private readonly environment: string) {}

  /** Whether the last look has not succeeded. */
  get isMissed(): boolean {
    return this.misses > 0;
  }

  /** A look has seen the environment. */
  saw(good: GoodLook): void {
    this.good = good;
    this.misses = 0;
    this.isUp = true;
  }

  /** What the token lacks now. */
  lacks(missing: readonly MissingPrivilege[]): void {
    this.missing = missing;
  }

  /** A look has failed. @param isUp whether the nodes answered at all */
  failed(kind: LookFailure, isUp: boolean): void {
    this.count(kind);
    this.isUp = isUp;
    this.passed();
  }

  /** It was time for a look and there was none, as the one before is still at work. */
  passed(): void {
    this.misses += 1;
    if (this.good !== undefined && this.misses >= missesAtMost) this.good = { ...this.good, samples: [] };
  }

  count(kind: LookFailure): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
  }

  samples(): Sample[] {
    const labels = { environment: this.environment };
    return [
      ...sample("lifeboat_environment_up", labels, this.isUp),
      ...sample("lifeboat_look_timestamp_seconds", labels, this.good?.ended),
      ...sample("lifeboat_look_duration_seconds", labels, this.good?.seconds),
      ...[...this.errors].flatMap(([kind, count]) => sample("lifeboat_look_errors_total", { ...labels, kind }, count)),
      ...this.missing.flatMap(({ path, privilege }) =>
        sample("lifeboat_permission_missing", { ...labels, path, privilege }, 1),
      ),
      ...(this.good?.samples ?? []),
    ];
  }
}
