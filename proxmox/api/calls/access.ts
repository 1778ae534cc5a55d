import * as answers from "../answers";
import type { Requests } from "../requests";

/** Calls about API users other than the caller. */
export class AccessCalls {
  constructor(private readonly requests: Requests) {}

  /** @throws ProxmoxError of kind `gone` where there is no such user. */
  user(userid: string): Promise<answers.User> {
    return this.requests.read(answers.userAnswer, ["access", "users", userid]);
  }

  /** A user's privileges on every path with an entry; asking for another user needs `Sys.Audit` on `/access`. */
  permissionsOf(userid: string): Promise<answers.Permissions> {
    return this.requests.read(answers.permissionsAnswer, ["access", "permissions"], { userid });
  }

  /** A user's privileges on one path, inherited ones included. */
  async privilegesOf(userid: string, path: string): Promise<ReadonlySet<string>> {
    const permissions = await this.requests.read(answers.permissionsAnswer, ["access", "permissions"], {
      userid,
      path,
    });
    return new Set(Object.keys(permissions[path] ?? {}));
  }
}
