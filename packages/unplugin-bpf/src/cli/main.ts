/**
 * The command `unplugin-bpf`. Exit codes: 0 done, 1 a source or object was refused, 2 the command line was wrong.
 * Results go to stdout, everything else to stderr.
 */
import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import pc from 'picocolors'
import { compileCommand, EMIT_STAGES } from './compile.ts'
import { disasmCommand } from './disasm.ts'
import { Refused } from './refused.ts'
import { syncCommand } from './sync.ts'

/** Runs one command line (without `node` and the script); resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const program = buildProgram()
  try {
    await program.parseAsync([...args], { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof Refused) {
      console.error(colourErrors(error.message))
      return 1
    }
    throw error
  }
}

function buildProgram(): Command {
  const program = new Command('unplugin-bpf')
    .description('Compiles .bpf.lisp programs to eBPF objects.')
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(unplugin-bpf --help shows the commands)')
    .configureOutput({ outputError: (text, write) => write(colourErrors(text)) })

  program
    .command('compile')
    .description('compile sources to ELF objects')
    .argument('<input...>', 'source files (x.bpf.lisp)')
    .option('-o, --output <file>', 'object to write (one input only; default: input with .bpf.o)')
    .option('--json', 'print what was compiled as JSON')
    .addOption(new Option('--cpu <level>', 'instruction set level').choices(['v1', 'v2', 'v3', 'v4']).default('v3'))
    .addOption(new Option('--emit <stage>', 'print a stage instead of writing an object').choices(EMIT_STAGES))
    .option('--btf <file>', 'BTF of the kernel to compile for (default: /sys/kernel/btf/vmlinux)')
    .option('--skip <passes>', 'comma-separated optional passes to leave out, or "all"')
    .exitOverride()
    .action(compileCommand)

  program
    .command('disasm')
    .description('print instructions with the source line beside them')
    .argument('<input>', 'a source file or an ELF object')
    .exitOverride()
    .action(disasmCommand)

  program
    .command('sync')
    .description('write the type declarations (x.bpf.d.lisp.ts) of all sources')
    .argument('[paths...]', 'files or folders', ['.'])
    .option('--check', 'write nothing; fail when a declaration is missing or out of date')
    .exitOverride()
    .action(syncCommand)

  return program
}

function packageVersion(): string {
  const manifest = new URL('../package.json', import.meta.url)
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}

/** Colours the severity and the carets, on terminals only (picocolors looks at NO_COLOR and isTTY). */
function colourErrors(text: string): string {
  return text
    .replace(/\berror(?=\[|:)/g, pc.bold(pc.red('error')))
    .replace(/\bwarning(?=\[)/g, pc.bold(pc.yellow('warning')))
    .replace(/^(\s+\|\s*)(\^+)$/gm, (_, gutter: string, carets: string) => gutter + pc.red(carets))
}
