import * as z from "zod";
import * as answers from "../answers";
import type { Requests } from "../requests";

/** Calls about API users other than the caller. */
export class AccessCalls {
  constructor(private readonly requests: Requests) {}

  /** @throws ProxmoxError of kind `gone` where there is no such user. */
  user(userid: string): Promise<answers.User> {
    return this.requests.read(answers.userAnswer, ["access", "users", userid]);
  }

  /** Names of the users that the caller may see: itself, and all with `Sys.Audit` or `User.Modify` on `/access/groups`. */
  async users(): Promise<string[]> {
    const listed = await this.requests.read(z.array(answers.listedUserAnswer), ["access", "users"]);
    return listed.map(({ userid }) => userid);
  }

  /** Names of all roles, Proxmox's own among them: everybody may see them. */
  async roles(): Promise<string[]> {
    const listed = await this.requests.read(z.array(answers.roleAnswer), ["access", "roles"]);
    return listed.map(({ roleid }) => roleid);
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
