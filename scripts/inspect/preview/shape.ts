import * as z from "zod";
import { exitCode } from "../../terminal/shapes";
import { stackPreviewSchema } from "./preview-file";

/** `lifeboat preview --json` */
export const previewsShape = z.strictObject({ ok: z.boolean(), exitCode, previews: z.array(stackPreviewSchema) });

/** `lifeboat preview --list --json` */
export const environmentsShape = z.strictObject({ environments: z.array(z.string()) });
