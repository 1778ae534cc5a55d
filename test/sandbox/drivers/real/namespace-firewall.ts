import { inNetwork, type SiteNames } from "../../machine/names";
import { run } from "../../machine/child-process";
import type { GuardedCard, PacketFilter } from "../driver";
import { firewallRuleset } from "./firewall-ruleset";

/** Rules in the network namespace of a site, by nftables. They go with the namespace. */
export class NamespaceFirewall implements PacketFilter {
  readonly #names: SiteNames;
  readonly #nodes: readonly string[];
  /** The rules that are in force; undefined before the first time, when an earlier emulator may have left some. */
  #inForce: string | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(names: SiteNames, nodes: readonly string[]) {
    this.#names = names;
    this.#nodes = nodes;
  }

  enforce(cards: readonly GuardedCard[]): Promise<void> {
    const ruleset = firewallRuleset(cards, this.#nodes);
    // One after the other, so that the last one wins; the failure of one is its caller's.
    this.#turn = this.#turn.catch(() => undefined).then(() => this.#load(ruleset));
    return this.#turn;
  }

  async #load(ruleset: string): Promise<void> {
    if (ruleset === this.#inForce) return;
    const [program, ...wrapper] = inNetwork(this.#names);
    await run(program, [...wrapper, "nft", "--file", "-"], { inputText: ruleset });
    this.#inForce = ruleset;
  }
}
