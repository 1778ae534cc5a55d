import * as z from "zod";
import { percentEncode, type Parameters } from "./encoding";
import { ProxmoxError } from "./errors";
import type { Answer, Credential, Method } from "./request";

/** Why a password is not enough: the reason of a `ProxmoxError` of kind `unauthorized`. */
export const secondFactorDue = "a second factor is asked for, which a program cannot give";

/** A ticket lives two hours; it is renewed after this many milliseconds, so that a long restore never meets its end. */
const ticketLife = 90 * 60 * 1000;

const ticketSchema = z.object({
  ticket: z.string(),
  CSRFPreventionToken: z.string(),
  NeedTFA: z.coerce.number().optional(),
});

interface Ticket {
  value: string;
  csrf: string;
}

/** Keeps what proves to Proxmox who is asking: a token as it is, or a ticket that is obtained when first needed. */
export class SignIn {
  private ticket: Promise<Ticket> | undefined;
  /** In milliseconds since 1970. */
  private renewAt = 0;

  constructor(
    private readonly endpoint: string,
    private readonly credential: Credential,
    private readonly post: (form: Parameters) => Promise<Answer>,
  ) {}

  /** Headers that authenticate a request. Changes need a second header when a ticket is used (against forged requests). */
  async headers(method: Method): Promise<Record<string, string>> {
    if (this.credential.kind === "token") return { Authorization: `PVEAPIToken=${this.credential.value}` };
    const ticket = await this.validTicket(this.credential);
    const cookie = { Cookie: `PVEAuthCookie=${percentEncode(ticket.value)}` };
    return method === "GET" ? cookie : { ...cookie, CSRFPreventionToken: ticket.csrf };
  }

  /** Forgets the ticket after it was refused. False where that cannot help: a token stays what it is. */
  renew(): boolean {
    const renewable = this.credential.kind === "password" && this.ticket !== undefined;
    this.ticket = undefined;
    return renewable;
  }

  /** Requests that start together share one ticket. */
  private validTicket(credential: { username: string; password: string }): Promise<Ticket> {
    if (this.ticket === undefined || Date.now() > this.renewAt) {
      const obtained = this.obtain(credential);
      obtained.catch(() => (this.ticket = undefined));
      this.ticket = obtained;
      this.renewAt = Date.now() + ticketLife;
    }
    return this.ticket;
  }

  private async obtain({ username, password }: { username: string; password: string }): Promise<Ticket> {
    const { data } = await this.post({ username, password });
    const { success, data: answer } = ticketSchema.safeParse(data);
    if (!success) throw this.refusal("unexpected", "the answer to a sign-in holds no ticket");
    // Such a ticket is good for giving the second factor, and for nothing else.
    const isHalf = answer.NeedTFA === 1 || answer.ticket.startsWith("PVE:!tfa!");
    if (isHalf) throw this.refusal("unauthorized", secondFactorDue);
    return { value: answer.ticket, csrf: answer.CSRFPreventionToken };
  }

  private refusal(kind: "unauthorized" | "unexpected", reason: string): ProxmoxError {
    return new ProxmoxError(kind, { endpoint: this.endpoint, request: "POST /access/ticket", reason });
  }
}
