import { postComment } from "../../../../scripts/pull-requests/github";
import { GitHubServer } from "../../../support/github-server";

const mark = "<!-- mark -->";
const token = "t0ken-of-the-run";
let github: GitHubServer;

beforeEach(async () => {
  github = await GitHubServer.start();
});

afterEach(() => github.stop());

const post = (text: string, commit = github.head, apiUrl = github.url) =>
  postComment({ apiUrl, repository: "o/r", number: 7, token }, `${mark}\n${text}`, commit, {
    signal: new AbortController().signal,
    pauses: [1, 1],
  });

const bodies = (): string[] => github.comments.map(({ body }) => body);

test("the first run makes the comment, later ones change it [M1]", async () => {
  expect(await post("one")).toBe("created");
  expect(await post("two")).toBe("updated");
  expect(bodies()).toEqual([`${mark}\ntwo`]);
  expect(github.requests.every(({ authorization }) => authorization === `Bearer ${token}`)).toBe(true);
});

test("it is found behind hundreds of others, and those of others stay, whatever they begin with [M1]", async () => {
  const others = Array.from({ length: 230 }, (_, id) => ({
    id,
    body: `${mark}\nmine`,
    user: { login: `someone-${id}` },
  }));
  github.comments.push(...others.map((comment) => ({ ...comment })));
  expect(await post("one")).toBe("created");
  expect(await post("two")).toBe("updated");
  expect(github.comments.slice(0, 230)).toEqual(others);
  expect(bodies().slice(230)).toEqual([`${mark}\ntwo`]);
});

test("a mark further down is no mark, and GitHub's line ends are as good [M1]", async () => {
  const user = { login: "github-actions[bot]" };
  github.comments.push({ id: 1, body: `hello\n${mark}`, user }, { id: 2, body: `${mark}\r\nold`, user });
  expect(await post("new")).toBe("updated");
  expect(bodies()).toEqual([`hello\n${mark}`, `${mark}\nnew`]);
});

test("a run of an older commit writes nothing [M1]", async () => {
  expect(await post("one", "b".repeat(40))).toBe("outdated");
  expect(github.requests.map(({ method }) => method)).toEqual(["GET"]);
});

test("an answer that is lost makes no second comment [M1]", async () => {
  // The head, the list, and then the comment is written but nobody hears of it.
  github.faults.push("none", "none", "lost");
  expect(await post("one")).toBe("updated");
  expect(bodies()).toEqual([`${mark}\none`]);
});

test("an answer that says later is asked for again [M1]", async () => {
  github.faults.push(503, 429);
  expect(await post("one")).toBe("created");
});

test("what is not allowed is said once, with the privilege and without the token; a redirect is not followed [M1]", async () => {
  github.faults.push(403);
  const refused = await post("one").catch((error: unknown) => error);
  expect(refused).toMatchObject({ exitCode: 14, message: 'GET pulls/7: 403 {"message":"no"}' });
  expect(String(JSON.stringify(refused))).toContain("pull-requests: write");
  expect(github.requests).toHaveLength(1);

  const elsewhere = await GitHubServer.start();
  github.faults.push(...Array.from({ length: 3 }, () => ({ redirect: elsewhere.url })));
  const redirected = await post("one").catch((error: unknown) => error);
  expect(redirected).toMatchObject({ exitCode: 14 });
  expect(elsewhere.requests).toEqual([]);
  expect(JSON.stringify([refused, redirected])).not.toContain(token);
  await elsewhere.stop();
});

test("nobody answers: 14 after three attempts [M1]", async () => {
  const { url } = github;
  await github.stop();
  expect(await post("one", "a".repeat(40), url).catch((error: unknown) => error)).toMatchObject({ exitCode: 14 });
});
