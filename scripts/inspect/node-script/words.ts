import { plainText } from "../../../proxmox/api/plain-text";
import { shellQuote } from "../../machine/shell-quote";

/** Words of a shell, each as one, whatever it holds; without characters that a terminal obeys. */
export function line(...words: readonly string[]): string {
  return words.map((word) => shellQuote(plainText(word))).join(" ");
}

/** Options that have a value. */
export function optionsOf(values: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [`--${name}`, value],
  );
}

/** A thing that is added where it is not there. @param here what prints it as it is on the node, words of the shell */
export function want(what: string, here: string, saved: string, command: readonly string[]): string {
  return `want ${wanted(what, here, saved, command)}`;
}

/** The same, of what lies in a folder that is not made for it. */
export function wantIn(folder: string, what: string, here: string, saved: string, command: readonly string[]): string {
  return `want_folder ${line(folder)} ${wanted(what, here, saved, command)}`;
}

function wanted(what: string, here: string, saved: string, command: readonly string[]): string {
  return `${line(what)} "$(${here})" ${lines(saved)} ${line(...command)}`;
}

/** The same, of what only a person can do. */
export function byHand(what: string, here: string, saved: string, text: string): string {
  return `by_hand ${line(what)} "$(${here})" ${lines(saved)} ${line(text)}`;
}

/** One word of several lines. */
function lines(saved: string): string {
  return shellQuote(saved.split("\n").map(plainText).join("\n"));
}
