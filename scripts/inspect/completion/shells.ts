import type { Candidate, Completion } from "./candidates";

/** How a shell is told of words. */
interface Shell {
  /** What it runs once, when it starts. */
  readonly script: string;
  /** A line for each word; the shell's own words for a path. */
  readonly line: (candidate: Candidate) => string;
}

/** In the place of words: a path is expected. */
const files = ":files";

const bash = `# Completion of lifeboat in bash. For good: lifeboat completion bash > ~/.local/share/bash-completion/completions/lifeboat
_lifeboat() {
  local -a found
  mapfile -t found < <(lifeboat completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  if [ "\${found[0]-}" = "${files}" ]; then
    compopt -o default
  else
    COMPREPLY=("\${found[@]}")
  fi
}
complete -F _lifeboat lifeboat
`;

const zsh = `#compdef lifeboat
# Completion of lifeboat in zsh. For good, in a folder of $fpath: lifeboat completion zsh > _lifeboat
_lifeboat() {
  local -a found
  found=("\${(@f)$(lifeboat completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${found[1]-}" == "${files}" ]]; then
    _files
  elif [[ -n "\${found[1]-}" ]]; then
    _describe lifeboat found
  fi
}
if [[ "\${funcstack[1]-}" == _lifeboat ]]; then
  _lifeboat "$@"
else
  compdef _lifeboat lifeboat
fi
`;

const fish = `# Completion of lifeboat in fish. For good: lifeboat completion fish > ~/.config/fish/completions/lifeboat.fish
function __lifeboat_words
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    test -n "$current"; or set current ""
    set -l found (lifeboat completion fish -- $before[2..-1] $current 2>/dev/null)
    if test "$found[1]" = "${files}"
        __fish_complete_path $current
    else if test (count $found) -gt 0
        printf '%s\\n' $found
    end
end
complete -c lifeboat -f -a '(__lifeboat_words)'
`;

/** By the name of the shell. */
export const shells = {
  bash: { script: bash, line: ({ word }) => word },
  zsh: {
    script: zsh,
    line: ({ word, meaning }) => [word, meaning].map((part) => part.replaceAll(":", String.raw`\:`)).join(":"),
  },
  fish: { script: fish, line: ({ word, meaning }) => `${word}\t${meaning}` },
} satisfies Readonly<Record<string, Shell>>;

export type ShellName = keyof typeof shells;

/** What a shell reads when the tabulator key was pressed. */
export function linesFor(shell: ShellName, completion: Completion): string[] {
  return completion.files ? [files] : completion.words.map((candidate) => shells[shell].line(candidate));
}
