import * as z from "zod";
import { CommandFailed, run } from "../../machine/child-process";
import { inNetwork, type SiteNames } from "../../machine/names";

/** The network devices in the namespace of a site. */
export class SiteLinks {
  readonly #names: SiteNames;

  constructor(names: SiteNames) {
    this.#names = names;
  }

  /** @throws CommandFailed of `program` for a bridge that there is not */
  async requireBridges(program: string, cards: readonly { bridge: string | undefined }[]): Promise<void> {
    const present = await this.#present();
    const missing = cards.map(({ bridge }) => bridge).find((bridge) => bridge !== undefined && !present.has(bridge));
    if (missing !== undefined) throw new CommandFailed(program, undefined, `bridge '${missing}' does not exist`);
  }

  /** Changes them. @param lines for `ip -batch`, by the names of the devices that there are */
  async change(lines: (present: ReadonlySet<string>) => readonly string[]): Promise<void> {
    const batch = lines(await this.#present());
    if (batch.length > 0) await this.#ip(["-batch", "-"], `${batch.join("\n")}\n`);
  }

  async #present(): Promise<ReadonlySet<string>> {
    const links = linkList.parse(JSON.parse(await this.#ip(["-json", "link", "show"])));
    return new Set(links.map(({ ifname }) => ifname));
  }

  #ip(words: readonly string[], inputText = ""): Promise<string> {
    const [program, ...wrapper] = inNetwork(this.#names);
    return run(program, [...wrapper, "ip", ...words], { inputText });
  }
}

const linkList = z.array(z.object({ ifname: z.string() }));
