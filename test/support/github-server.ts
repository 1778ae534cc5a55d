import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Comment {
  id: number;
  body: string;
  user: { login: string };
}

export interface SeenRequest {
  method: string;
  path: string;
  authorization: string;
}

/** As much of GitHub's API as comments on one pull request need, over HTTP on loopback. */
export class GitHubServer {
  readonly comments: Comment[] = [];
  readonly requests: SeenRequest[] = [];
  head = "a".repeat(40);
  /** Answers of the next requests in place of the right ones; `lost` does the work and ends the connection. */
  readonly faults: (number | "none" | "lost" | { redirect: string })[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<GitHubServer> {
    const server = createServer();
    const github = new GitHubServer(server);
    server.on("request", (request, response) => void github.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return github;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.requests.push({ method, path: url, authorization: headers.authorization ?? "" });
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const fault = this.faults.shift();
    if (typeof fault === "number") return void response.writeHead(fault).end('{"message":"no"}');
    if (typeof fault === "object") return void response.writeHead(302, { location: fault.redirect }).end();
    const answer = this.work(method, new URL(url, this.url), body);
    if (fault === "lost") return void request.socket.destroy();
    if (answer === undefined) return void response.writeHead(404).end('{"message":"Not Found"}');
    response
      .writeHead(method === "POST" ? 201 : 200, { "content-type": "application/json" })
      .end(JSON.stringify(answer));
  }

  private work(method: string, { pathname, searchParams }: URL, body: string): unknown {
    const text = (): string => JSON.parse(body).body;
    const [, id] = /^\/repos\/o\/r\/issues\/comments\/(\d+)$/u.exec(pathname) ?? [];
    if (method === "GET" && pathname === "/repos/o/r/pulls/7") return { number: 7, head: { sha: this.head } };
    if (method === "GET" && pathname === "/repos/o/r/issues/7/comments") {
      const [length, page] = ["per_page", "page"].map((name) => Number(searchParams.get(name)));
      return this.comments.slice(((page ?? 1) - 1) * (length ?? 30), (page ?? 1) * (length ?? 30));
    }
    if (method === "POST" && pathname === "/repos/o/r/issues/7/comments") {
      const comment = { id: 1_000 + this.comments.length, body: text(), user: { login: "github-actions[bot]" } };
      this.comments.push(comment);
      return comment;
    }
    const found = this.comments.find((comment) => method === "PATCH" && comment.id === Number(id));
    if (found !== undefined) found.body = text();
    return found;
  }
}
