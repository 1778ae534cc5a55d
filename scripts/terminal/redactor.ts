/** What stands where a secret would have been. */
const mask = "[secret]";

/** Shorter texts than this are not looked for: they would turn up in innocent words, and are no secrets worth the name. */
const shortest = 6;

/**
 * Knows every secret that was read in this run, and takes them out of whatever is printed or written. The last net: code
 * does not put secrets into messages in the first place.
 */
export class Redactor {
  private readonly secrets = new Set<string>();

  /** Remembers a secret, also as it looks percent-encoded and inside JSON. Gives it back. */
  remember(secret: string): string {
    const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
    for (const form of forms) if (form.length >= shortest) this.secrets.add(form);
    return secret;
  }

  /** The text with every known secret masked, longest first (one may be part of another). */
  redact(text: string): string {
    let result = text;
    for (const secret of [...this.secrets].sort((a, b) => b.length - a.length)) {
      result = result.replaceAll(secret, mask);
    }
    return result;
  }
}
