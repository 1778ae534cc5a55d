import { privilegesAskedOnce } from "../../../../proxmox/api/asked-once";
import type { Answer, Request } from "../../../../proxmox/api/request";

const privileges = (path: string): Request => ({
  method: "GET",
  path: ["access", "permissions"],
  parameters: { path },
});

/** A node that writes down what it is asked, in order. */
function recorded(answer: (asked: number) => Promise<Answer> = async (asked) => ({ data: asked, total: undefined })) {
  const asked: string[] = [];
  const transport = privilegesAskedOnce({
    endpoint: "https://192.0.2.1:8006",
    send: async ({ method, path, parameters }) => {
      asked.push([method, ...path, ...Object.values(parameters ?? {})].join(" "));
      return answer(asked.length);
    },
    close: async () => undefined,
  });
  return { asked, transport };
}

afterEach(() => jest.useRealTimers());

test("rules that ask for the same path at the same time, or soon after, send one request", async () => {
  const { asked, transport } = recorded();
  const [one, other] = await Promise.all([1, 2].map(() => transport.send(privileges("/vms/101"))));
  expect(other).toEqual(one);
  expect(await transport.send(privileges("/vms/101"))).toEqual(one);
  expect((await transport.send(privileges("/vms/102"))).data).toBe(2);
  expect(asked).toEqual(["GET access permissions /vms/101", "GET access permissions /vms/102"]);
});

test("after two seconds, after a change and after a failure it is asked anew; so is everything else each time", async () => {
  jest.useFakeTimers();
  const { asked, transport } = recorded(async (number) => {
    if (number === 5) throw new Error("no answer");
    return { data: number, total: undefined };
  });
  const look = async () => (await transport.send(privileges("/vms/101"))).data;
  expect(await look()).toBe(1);
  jest.advanceTimersByTime(2_000);
  expect(await look()).toBe(2);
  await transport.send({ method: "PUT", path: ["access", "acl"] });
  expect(await look()).toBe(4);
  jest.advanceTimersByTime(2_000);
  await expect(look()).rejects.toThrow("no answer");
  expect(await look()).toBe(6);
  for (const _ of [1, 2]) await transport.send({ method: "GET", path: ["nodes"] });
  expect(asked.slice(6)).toEqual(["GET nodes", "GET nodes"]);
});

test("what is asked while a change is on its way is asked again once it has been made", async () => {
  const { transport } = recorded();
  const change = transport.send({ method: "PUT", path: ["access", "acl"] });
  expect((await transport.send(privileges("/vms/101"))).data).toBe(2);
  await change;
  expect((await transport.send(privileges("/vms/101"))).data).toBe(3);
});
