import type { Message } from "../../clients/notify/channel";
import { counted } from "../../terminal/text";
import type { Matter } from "./matters";
import type { ToldLast } from "./told";

/** Why something is told. `again`: nothing has changed, and it still needs somebody. */
export type Occasion = "first" | "change" | "again";

/** While something needs somebody it is told again after so many milliseconds. */
const reminder = 24 * 3_600_000;

/** Timers do not come to the second: one a day must remind each day. */
const slack = 10 * 60_000;

/** Why a channel is to be told; undefined: it knows already. */
export function occasionOf(matters: readonly Matter[], last: ToldLast | undefined, now: number): Occasion | undefined {
  if (last === undefined) return "first";
  const known = new Set(last.matters.map(({ key }) => key));
  const isSame =
    known.size === new Set(matters.map(({ key }) => key)).size && matters.every(({ key }) => known.has(key));
  if (!isSame) return "change";
  // A clock that was set back must not silence it.
  const age = Math.abs(now - last.at);
  return matters.length > 0 && age >= reminder - slack ? "again" : undefined;
}

/** What is told: what is new first, then what goes on, then what is over. */
export function messageOf(
  matters: readonly Matter[],
  last: ToldLast | undefined,
  { occasion, site, host }: { readonly occasion: Occasion; readonly site: string; readonly host: string },
): Message {
  const known = new Set((last?.matters ?? []).map(({ key }) => key));
  const keys = new Set(matters.map(({ key }) => key));
  const fresh = matters.filter(({ key }) => !known.has(key));
  const lasting = matters.filter(({ key }) => known.has(key));
  const over = (last?.matters ?? []).filter(({ key }) => !keys.has(key));
  const sections = [
    section(last === undefined ? "Needs you:" : "New:", fresh),
    section(occasion === "again" ? "Still needs you:" : "As before:", lasting),
    section("Over:", over),
  ];
  const closing = `Looked at by lifeboat status on ${host}.`;
  const isAlarm = matters.length > 0;
  return {
    subject: `Lifeboat${site === "" ? "" : ` ${site}`}: ${headline(matters, occasion)}`,
    text: [...(isAlarm ? [] : ["Everything is in order."]), ...sections.filter((text) => text !== ""), closing].join(
      "\n\n",
    ),
    isAlarm,
    value: {
      site,
      ok: !isAlarm,
      occasion,
      problems: matters.map(({ key, where, text }) => ({ where, text, isNew: !known.has(key) })),
      over: over.map(({ where, text }) => ({ where, text })),
    },
  };
}

function headline(matters: readonly Matter[], occasion: Occasion): string {
  if (matters.length === 0) return occasion === "first" ? "watching, all in order" : "in order again";
  const places = [...new Set(matters.map(({ where }) => where).filter((where) => where !== ""))];
  const shown = places.slice(0, 3).join(", ");
  const more = places.length > 3 ? ` and ${String(places.length - 3)} more` : "";
  const still = occasion === "again" ? "still " : "";
  return `${still}${counted(matters.length, "problem")}${shown === "" ? "" : ` (${shown}${more})`}`;
}

function section(title: string, matters: readonly Pick<Matter, "where" | "text">[]): string {
  if (matters.length === 0) return "";
  const items = matters.map(
    ({ where, text }) => `- ${where === "" ? "" : `${where}: `}${text.replaceAll("\n", "\n  ")}`,
  );
  return [title, ...items].join("\n");
}
