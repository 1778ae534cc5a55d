import { toolEnvironment } from "../child-environment";
import { ProgramMissing, runProgramFile } from "../run-program";
import { type Channel, type Message, NotSent, patience } from "./channel";

/** An address, or a name of this machine's own: `ops@example.org`, `root`. Nothing that could be another header or an option. */
export const mailAddress = /^[A-Za-z0-9_][A-Za-z0-9._%+-]*(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?$/u;

/** Where systems have it, which is not on everybody's PATH. */
const folders = "/usr/sbin:/usr/lib";

/** Mail by the sendmail of this machine, which knows where mail goes from here. @param address see {@link mailAddress} */
export function mailChannel(address: string, variables: Readonly<Record<string, string | undefined>>): Channel {
  const own = toolEnvironment(variables);
  const environment = { ...own, PATH: [own["PATH"], folders].filter((part) => part !== undefined).join(":") };
  return {
    name: `mail to ${address}`,
    send: async (message, signal) => {
      const input = mailText(address, message, new Date());
      // The recipient is read from the header; a line with a single dot is no end.
      const ended = await runSendmail({ environment, input, closesInput: true, timeout: patience, signal });
      if (ended.code === 0) return;
      const why = ended.timedOut ? "it did not end" : ended.stderr.trim().replaceAll(/\s+/gu, " ").slice(0, 300);
      throw new NotSent(`sendmail ended with ${String(ended.code ?? "a signal")}${why === "" ? "" : `: ${why}`}`);
    },
  };
}

async function runSendmail(options: Parameters<typeof runProgramFile>[2]) {
  try {
    return await runProgramFile("sendmail", ["-t", "-i"], options);
  } catch (error) {
    if (!(error instanceof ProgramMissing)) throw error;
    throw new NotSent("this machine has no sendmail: install postfix, msmtp-mta or another that has it");
  }
}

/** RFC 5322, with a subject that may hold any letters. */
function mailText(address: string, { subject, text }: Message, date: Date): string {
  const head = [
    `To: ${address}`,
    `Subject: ${headerText(subject)}`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: 8bit",
    // Nobody's absence is answered to it.
    "Auto-Submitted: auto-generated",
  ];
  return `${head.join("\n")}\n\n${text.trimEnd()}\n`;
}

/** RFC 2047: what is no ASCII is encoded, in words that are short enough for a header. */
function headerText(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ");
  if (/^[\x20-\x7e]*$/u.test(line)) return line;
  const words: string[] = [];
  let word = "";
  for (const letter of line) {
    if (Buffer.byteLength(word + letter) > 42) {
      words.push(word);
      word = "";
    }
    word += letter;
  }
  return [...words, word].map((part) => `=?UTF-8?B?${Buffer.from(part).toString("base64")}?=`).join("\n ");
}
