import * as z from "zod";
import { parseDuration } from "../../../site/settings/values/durations";

/** Where the exporter answers, and how often it looks, unless it is told otherwise. */
export const exporterDefaults = { address: "127.0.0.1:9941", interval: "5m" } as const;

/** `--listen`: the parts, and the text for a unit that starts the exporter. */
export const exporterAddress = z
  .string()
  .transform((text, context) => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^\s:[\]]+)):(\d{1,5})$/u.exec(text) ?? [];
    const host = bracketed ?? plain;
    if (host !== undefined && Number(digits) <= 65_535) return { host, port: Number(digits), text };
    context.addIssue(`'${text}' is no address with a port, such as ${exporterDefaults.address}`);
    return z.NEVER;
  })
  .prefault(exporterDefaults.address);

/** `--interval`: the seconds, and the text for a unit. */
export const exporterInterval = z
  .string()
  .transform((text, context) => {
    const seconds = parseDuration(text);
    if (seconds !== undefined && seconds > 0 && seconds <= 86_400) return { seconds, text };
    context.addIssue(`'${text}' is no time from 1s to 1d, such as ${exporterDefaults.interval}`);
    return z.NEVER;
  })
  .prefault(exporterDefaults.interval);
