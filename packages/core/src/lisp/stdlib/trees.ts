/** Functions on lists as trees, and sets of lists beyond the common three. */
import { bool, cons, eql, isCons, isTrue, listFrom, NIL, type Value } from '../datum.ts'
import { toFn } from '../eval.ts'
import { type Builtin, type Interp, tick } from '../interp.ts'
import { fn, items, keyFunction, tester } from './list.ts'

/** The tree with every part that `replacement` knows exchanged; shared where nothing changes below. */
function exchange(interp: Interp, tree: Value, replacement: (part: Value) => Value | undefined): Value {
  tick(interp)
  const found = replacement(tree)
  if (found !== undefined) return found
  if (!isCons(tree)) return tree
  const car = exchange(interp, tree.car, replacement)
  const cdr = exchange(interp, tree.cdr, replacement)
  return car === tree.car && cdr === tree.cdr ? tree : cons(car, cdr)
}

function sublis(args: readonly Value[], interp: Interp): Value {
  const test = tester(interp, args.slice(2))
  const pairs = items('sublis', args[0]).filter(isCons)
  return exchange(interp, args[1]!, (part) => pairs.find((pair) => test(pair.car, part))?.cdr)
}

function treeEqual(interp: Interp, a: Value, b: Value): boolean {
  tick(interp)
  if (!isCons(a) || !isCons(b)) return eql(a, b)
  return treeEqual(interp, a.car, b.car) && treeEqual(interp, a.cdr, b.cdr)
}

/** Elements of `from` that `of` has none of, by the options of both. */
function without(interp: Interp, from: readonly Value[], of: readonly Value[], options: readonly Value[]): Value[] {
  const test = tester(interp, options)
  const key = keyFunction(interp, options)
  return from.filter((x) => !of.some((y) => test(key(x), y)))
}

function symmetricDifference(args: readonly Value[], interp: Interp): Value {
  const [left, right] = [items('set-exclusive-or', args[0]), items('set-exclusive-or', args[1])]
  const options = args.slice(2)
  return listFrom([...without(interp, left, right, options), ...without(interp, right, left, options)], NIL)
}

/** Conses of a list, first to last. */
function* tails(list: Value): Generator<Value> {
  for (let tail = list; isCons(tail); tail = tail.cdr) yield tail
}

function firstPair(args: readonly Value[], interp: Interp): Value {
  const holds = toFn(interp, args[0]!).apply
  const key = keyFunction(interp, args.slice(2))
  return items('assoc-if', args[1]).find((pair) => isCons(pair) && isTrue(holds([key(pair.car)]))) ?? NIL
}

export const TREE_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  SUBST: fn('new old tree &key test key', 'The tree with one part in place of another.', (args, interp) => {
    const test = tester(interp, args.slice(3))
    return exchange(interp, args[2]!, (part) => (test(args[1]!, part) ? args[0]! : undefined))
  }),
  SUBLIS: fn('alist tree &key test key', 'The tree with the keys of the pairs replaced by their values.', sublis),
  'TREE-EQUAL': fn('tree1 tree2', 'Have they the same shape and leaves?', ([a, b], interp) =>
    bool(treeEqual(interp, a!, b!)),
  ),
  SUBSETP: fn('list1 list2 &key test key', 'Is each element of the first in the second?', (args, interp) =>
    bool(without(interp, items('subsetp', args[0]), items('subsetp', args[1]), args.slice(2)).length === 0),
  ),
  'SET-EXCLUSIVE-OR': fn('list1 list2 &key test key', 'Elements of exactly one of the lists.', symmetricDifference),
  TAILP: fn('object list', 'Is the object one of the conses of the list?', ([object, list]) =>
    bool(object === NIL || [...tails(list!)].includes(object!)),
  ),
  LDIFF: fn('list tail', 'What stands before that tail.', ([list, tail]) => {
    const before: Value[] = []
    for (const each of tails(list!)) {
      if (each === tail) break
      before.push(isCons(each) ? each.car : NIL)
    }
    return listFrom(before, NIL)
  }),
  REVAPPEND: fn('list tail', 'The list in reverse, then the tail.', ([list, tail]) =>
    listFrom(items('revappend', list).reverse(), tail!),
  ),
  'ASSOC-IF': fn('predicate alist &key key', 'The first pair whose car passes.', firstPair),
}
