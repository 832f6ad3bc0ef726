/**
 * `unplugin-bpf completion bash|zsh|fish`: a script made from the command line's own description, so that it can name
 * nothing that does not exist. The well-known libraries run the whole program at every key; a script does not.
 */
import type { Command, Option } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** Fixed values of its arguments. */
  readonly values: readonly string[]
}

interface OptionWords {
  readonly long: string
  readonly short: string | undefined
  readonly description: string
  /** Values, when the option takes one of a fixed set. */
  readonly choices: readonly string[]
  readonly takesValue: boolean
}

export function completionScript(program: Command, shell: Shell): string {
  const commands = program.commands.map(wordsOf)
  switch (shell) {
    case 'bash':
      return bashScript(program.name(), commands)
    case 'zsh':
      // zsh runs bash completions; one script is one source of truth.
      return `#compdef ${program.name()}\nautoload -Uz bashcompinit && bashcompinit\n${bashScript(program.name(), commands)}`
    case 'fish':
      return fishScript(program.name(), commands)
  }
}

function wordsOf(command: Command): CommandWords {
  return {
    name: command.name(),
    description: command.description(),
    values: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    options: command.options.map((option: Option) => ({
      long: option.long ?? '',
      short: option.short,
      description: option.description,
      choices: option.argChoices ?? [],
      takesValue: option.required || option.optional,
    })),
  }
}

function bashScript(name: string, commands: readonly CommandWords[]): string {
  const fn = `_${name.replaceAll('-', '_')}`
  const values = commands.flatMap((command) =>
    command.options
      .filter((option) => option.choices.length > 0)
      .map((option) => {
        const flags = [option.long, option.short].filter((flag) => flag !== undefined)
        const patterns = flags.map((flag) => `"${command.name} ${flag}"`).join('|')
        return `    ${patterns}) COMPREPLY=($(compgen -W "${option.choices.join(' ')}" -- "$word")); return ;;`
      }),
  )
  const options = commands.map((command) => {
    const options = [...command.options.map((option) => option.long), '--help'].join(' ')
    return `    ${command.name}) options="${options}" values="${command.values.join(' ')}" ;;`
  })
  return `${fn}() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" options="" values=""
  if [ "$COMP_CWORD" -le 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map((command) => command.name).join(' ')} --help --version" -- "$word"))
    return
  fi
  case "$command $previous" in
${values.join('\n')}
  esac
  case "$command" in
${options.join('\n')}
  esac
  case "$word" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$word")) ;;
    *) if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$word")); else COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -o filenames -F ${fn} ${name}
`
}

function fishScript(name: string, commands: readonly CommandWords[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`
  const lines = commands.flatMap((command) => [
    `complete -c ${name} -n __fish_use_subcommand -f -a ${command.name} -d ${quote(command.description)}`,
    ...(command.values.length > 0
      ? [
          `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}' -f -a ${quote(command.values.join(' '))}`,
        ]
      : []),
    ...command.options.map((option) => {
      const parts = [
        `complete -c ${name} -n '__fish_seen_subcommand_from ${command.name}' -l ${option.long.replace(/^--/, '')}`,
        option.short === undefined ? '' : `-s ${option.short.replace(/^-/, '')}`,
        option.choices.length > 0 ? `-x -a ${quote(option.choices.join(' '))}` : option.takesValue ? '-r' : '',
        `-d ${quote(option.description)}`,
      ]
      return parts.filter((part) => part !== '').join(' ')
    }),
  ])
  return `${lines.join('\n')}\n`
}
