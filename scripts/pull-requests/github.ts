import { type Dispatcher, fetch, type Response } from "undici";
import * as z from "zod";
import { plainText } from "../../proxmox/api/plain-text";
import { verifiedDispatcher } from "../machine/verified-dispatcher";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";

/** Where comments are written, and with which token. */
export interface PullRequest {
  /** Of the API, without a slash at the end. */
  apiUrl: string;
  /** `owner/name` */
  repository: string;
  number: number;
  token: string;
}

export interface PostOptions {
  signal: AbortSignal;
  /** Milliseconds before the next attempt, one for each attempt after the first. */
  pauses?: readonly number[];
}

export type Posted = "created" | "updated" | "outdated";

const pageLength = 100;
/** Ten thousand comments: a list that goes on after this is no list. */
const mostPages = 100;
const timeout = 30_000;

/** GitHub's own account for tokens of workflows. Nobody else can have a name with brackets. */
const ownAccount = "github-actions[bot]";

const pullRequestSchema = z.object({ head: z.object({ sha: z.string() }) });
const commentsSchema = z.array(
  z.object({ id: z.int(), body: z.string().nullish(), user: z.object({ login: z.string() }).nullish() }),
);

/**
 * Writes the one comment of a pull request: changes the one that is there, else makes one. Somebody else's comment is
 * never touched, whatever it begins with. Where the pull request has a newer commit nothing is written.
 *
 * @param comment its first line is its mark.
 * @throws CommandError (14) when GitHub cannot be reached or does not allow it.
 */
export async function postComment(
  pullRequest: PullRequest,
  comment: string,
  commit: string,
  { signal, pauses = [1_000, 5_000] }: PostOptions,
): Promise<Posted> {
  const dispatcher = verifiedDispatcher();
  try {
    for (const pause of [...pauses, undefined]) {
      try {
        return await postOnce(new GitHub(pullRequest, signal, dispatcher), comment, commit);
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        if (pause === undefined) throw unavailable(error.message);
        // What was written although no answer came is found by the next attempt.
        await new Promise((resolve) => setTimeout(resolve, pause));
        signal.throwIfAborted();
      }
    }
    throw new Error("there was no attempt");
  } finally {
    await dispatcher.destroy();
  }
}

async function postOnce(github: GitHub, comment: string, commit: string): Promise<Posted> {
  const { head } = pullRequestSchema.parse(await github.request("GET", `pulls/${String(github.number)}`));
  if (head.sha !== commit) return "outdated";
  const [mark = ""] = comment.split("\n");
  const own = await findOwn(github, mark);
  if (own === undefined) await github.request("POST", `issues/${String(github.number)}/comments`, { body: comment });
  else await github.request("PATCH", `issues/comments/${String(own)}`, { body: comment });
  return own === undefined ? "created" : "updated";
}

async function findOwn(github: GitHub, mark: string): Promise<number | undefined> {
  for (let page = 1; page <= mostPages; page += 1) {
    const query = `per_page=${String(pageLength)}&page=${String(page)}`;
    const path = `issues/${String(github.number)}/comments?${query}`;
    const comments = commentsSchema.parse(await github.request("GET", path));
    const own = comments.find(({ body, user }) => user?.login === ownAccount && body?.split(/\r?\n/u)[0] === mark);
    if (own !== undefined) return own.id;
    if (comments.length < pageLength) return undefined;
  }
  return undefined;
}

/** No answer, or one that says "later": worth another attempt. */
class Unanswered extends Error {
  override readonly name = "Unanswered";
}

class GitHub {
  constructor(
    private readonly pullRequest: PullRequest,
    private readonly signal: AbortSignal,
    private readonly dispatcher: Dispatcher,
  ) {}

  get number(): number {
    return this.pullRequest.number;
  }

  async request(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<unknown> {
    const { apiUrl, repository } = this.pullRequest;
    const what = `${method} ${path.split("?")[0] ?? ""}`;
    const response = await this.send(`${apiUrl}/repos/${repository}/${path}`, method, body, what);
    const text = await response.text();
    if (response.ok) return text === "" ? undefined : JSON.parse(text);
    const answer = `${what}: ${String(response.status)} ${plainText(text).slice(0, 300)}`;
    if (response.status >= 500 || response.status === 429) throw new Unanswered(answer);
    throw unavailable(answer);
  }

  private async send(url: string, method: string, body: unknown, what: string): Promise<Response> {
    try {
      return await fetch(url, {
        dispatcher: this.dispatcher,
        method,
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${this.pullRequest.token}`,
          "content-type": "application/json",
          "user-agent": "lifeboat",
          "x-github-api-version": "2022-11-28",
        },
        // A redirect would take the token to another host.
        redirect: "error",
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(timeout)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      this.signal.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new Unanswered(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }
}

function unavailable(message: string): CommandError {
  return new CommandError(message, {
    exitCode: exitCodes.unavailable,
    hint: "the token needs `pull-requests: write` of this repository; GITHUB_API_URL names the API",
  });
}
