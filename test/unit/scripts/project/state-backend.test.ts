import { bucketOf } from "../../../../scripts/project/state-backend";

test.each([
  [
    "s3://states?endpoint=https://192.0.2.132:9000&use_path_style=true&region=eu-west-3",
    { bucket: "states", prefix: "", endpoint: "https://192.0.2.132:9000", region: "eu-west-3", pathStyle: true },
  ],
  [
    "s3://states/below/here/?endpoint=192.0.2.132:9000&disableSSL=true&s3ForcePathStyle=true",
    {
      bucket: "states",
      prefix: "below/here",
      endpoint: "http://192.0.2.132:9000",
      region: "us-east-1",
      pathStyle: true,
    },
  ],
  ["s3://states", { bucket: "states", prefix: "", region: "us-east-1", pathStyle: false }],
])("%s is read as go-cloud reads it [E1]", (url, expected) => {
  expect(bucketOf(url, {})).toEqual(expected);
});

test("the region may come from the variables", () => {
  expect(bucketOf("s3://states", { AWS_REGION: "eu-west-1" }).region).toBe("eu-west-1");
});
