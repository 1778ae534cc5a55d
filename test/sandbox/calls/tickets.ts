/** Tickets and CSRF tokens in Proxmox's form, signed with a secret of the site instead of a key pair. */
import { createHmac, timingSafeEqual } from "node:crypto";

/** A ticket lives two hours; one from the future is accepted for five minutes (clocks of a cluster differ). */
const OLDEST = 7200;
const NEWEST = -300;

function stamp(seconds: number): string {
  return seconds.toString(16).toUpperCase().padStart(8, "0");
}

function signature(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64");
}

function isFresh(hexadecimal: string, now: number): boolean {
  const age = now - Number.parseInt(hexadecimal, 16);
  return age > NEWEST && age < OLDEST;
}

function isEqual(a: string, b: string): boolean {
  const [first, second] = [Buffer.from(a), Buffer.from(b)];
  return first.length === second.length && timingSafeEqual(first, second);
}

export function makeTicket(secret: string, userid: string, now: number): string {
  const plain = `PVE:${userid}:${stamp(now)}`;
  return `${plain}::${signature(secret, plain)}`;
}

/** The ticket's user, or undefined when it is forged, damaged or too old. */
export function verifyTicket(secret: string, ticket: string, now: number): string | undefined {
  const [, plain, userid, time, signed] = /^(PVE:(\S+):([0-9A-F]{8}))::(.+)$/.exec(ticket) ?? [];
  if (plain === undefined || time === undefined || signed === undefined) return undefined;
  return isEqual(signed, signature(secret, plain)) && isFresh(time, now) ? userid : undefined;
}

export function makeCsrfToken(secret: string, userid: string, now: number): string {
  const time = stamp(now);
  return `${time}:${signature(secret, `csrf:${time}:${userid}`)}`;
}

export function isCsrfToken(secret: string, token: string, userid: string, now: number): boolean {
  const [, time, signed] = /^([0-9A-F]{8}):(\S+)$/.exec(token) ?? [];
  if (time === undefined || signed === undefined) return false;
  return isEqual(signed, signature(secret, `csrf:${time}:${userid}`)) && isFresh(time, now);
}
