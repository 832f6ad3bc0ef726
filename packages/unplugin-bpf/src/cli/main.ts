/**
 * The command `unplugin-bpf`. Exit codes: 0 done, 1 a source or object was refused, 2 the command line was wrong.
 * Results go to stdout, everything else to stderr.
 */
import { readFileSync } from 'node:fs'
import { Argument, Command, CommanderError, Option } from 'commander'
import pc from 'picocolors'
import { compileCommand, EMIT_STAGES, GEN_LANGUAGES, PRINT_STAGES } from './compile.ts'
import { completionScript, SHELLS, type Shell } from './completion.ts'
import { Refused } from './refused.ts'

/** Runs one command line (without `node` and the script); resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  if (!process.stdout.listeners('error').includes(endOnClosedPipe)) process.stdout.on('error', endOnClosedPipe)
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
    // A bug of ours: the message says so; the stack is for those who ask.
    console.error(
      process.env.UNPLUGIN_BPF_DEBUG ? error : `${colourErrors(`error: ${(error as Error).message}`)}\n${BUG}`,
    )
    return 1
  }
}

const BUG = '  this is a bug of unplugin-bpf; UNPLUGIN_BPF_DEBUG=1 shows where'

/** `unplugin-bpf disasm x.bpf.o | head` */
function endOnClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

/** The command line as data; docs and completion read it, too. */
export function buildProgram(): Command {
  const program = new Command('unplugin-bpf')
    .description('Compiles .bpf.lisp and .bpf.ts programs to eBPF objects.')
    .version(packageVersion(), '--version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(unplugin-bpf --help shows the commands)')
    .configureOutput({ outputError: (text, write) => write(colourErrors(text)) })

  program
    .command('compile')
    .description('compile sources to ELF objects')
    .argument('<input...>', 'source files (x.bpf.lisp, x.bpf.ts)')
    .option('-o, --output <file>', 'object to write (one input only; default: input with .bpf.o)')
    .option('--json', 'print what was compiled as JSON')
    .addOption(new Option('--cpu <level>', 'instruction set level').choices(['v1', 'v2', 'v3', 'v4']).default('v3'))
    .addOption(new Option('--emit <stage>', 'print a stage instead of writing an object').choices(EMIT_STAGES))
    .option('--btf <file>', 'BTF of the kernel to compile for (default: /sys/kernel/btf/vmlinux)')
    .addOption(
      new Option('--print-after <pass>', 'print the program after a pass, or after every one').choices(PRINT_STAGES),
    )
    .addOption(new Option('--gen <languages...>', 'also write headers for other languages').choices(GEN_LANGUAGES))
    .option(
      '--direct-elements',
      'address the element of one-entry arrays directly (Linux 5.2); libbpf then shows the map `hits` as `.data.hits`',
    )
    .option('--skip <passes>', 'comma-separated optional passes to leave out, or "all"')
    .exitOverride()
    .action(compileCommand)

  program
    .command('disasm')
    .description('print instructions with the source line beside them')
    .argument('<input>', 'a source file or an ELF object')
    .exitOverride()
    .action(later(async () => (await import('./disasm.ts')).disasmCommand))

  program
    .command('run')
    .description('run a program on packets; show verdicts, events and maps')
    .argument('<input>', 'a source file or an ELF object')
    .option('--pcap <file...>', 'capture files (pcap, pcapng)')
    .option('--packet <hex...>', 'packets from the Ethernet header on')
    .option('--program <name>', 'which program, when there are several')
    .addOption(new Option('--backend <where>', 'where to run it').choices(['vm', 'kernel']).default('vm'))
    .option('--trace', 'print the source lines that each packet went through')
    .option('--json', 'print everything as JSON')
    .option('--write <file>', 'write the packets that were not dropped to a capture file')
    .exitOverride()
    .action(later(async () => (await import('./run.ts')).runCommand))

  program
    .command('sync')
    .description('write the type declarations (x.bpf.d.lisp.ts) of all sources')
    .argument('[paths...]', 'files or folders', ['.'])
    .option('--check', 'write nothing; fail when a declaration is missing or out of date')
    .exitOverride()
    .action(later(async () => (await import('./sync.ts')).syncCommand))

  program
    .command('check')
    .description('print every diagnostic, write nothing')
    .argument('[paths...]', 'files or folders', ['.'])
    .addOption(
      new Option('--pretty <value>', '"false": one line per diagnostic, file(line,col): error code: text')
        .choices(['true', 'false'])
        .default('true'),
    )
    .option('--watch', 'check again when a source changes')
    .option('--btf <file>', 'BTF of the kernel to compile for (default: /sys/kernel/btf/vmlinux)')
    .exitOverride()
    .action(later(async () => (await import('./check.ts')).checkCommand))

  program
    .command('doctor')
    .description('say what of this machine helps or hinders loading programs')
    .option('--json', 'print the findings as JSON')
    .exitOverride()
    .action(later(async () => (await import('./doctor.ts')).doctorCommand))

  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .exitOverride()
    .action((shell: Shell) => console.log(completionScript(program, shell)))

  return program
}

/** A command whose modules are loaded when it is called: most of the time of a short compilation is loading. */
function later<A extends unknown[]>(command: () => Promise<(...args: A) => unknown>) {
  return async (...args: A): Promise<void> => {
    await (await command())(...args)
  }
}

function packageVersion(): string {
  // Two levels up from dist/cli/ and from the sources.
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version
}

/** Only where a person reads: picocolors alone would colour pipes in CI too. */
const colour = pc.createColors(
  pc.isColorSupported && (process.stderr.isTTY === true || process.env.FORCE_COLOR !== undefined),
)

/** Colours the severity and the carets. */
function colourErrors(text: string): string {
  return text
    .replace(/\berror(?=\[|:)/g, colour.bold(colour.red('error')))
    .replace(/\bwarning(?=\[)/g, colour.bold(colour.yellow('warning')))
    .replace(/^(\s+\|\s*)(\^+)$/gm, (_, gutter: string, carets: string) => gutter + colour.red(carets))
}
