/** The chapters on the loader: JavaScript here. */
import { type Plan, session, userSide } from '../treatment.ts'

const attach = userSide('`program.attach({ ... })`; a link is `Disposable`')
const objects = userSide('`prog.load()` or `loadFile(path)`; `using` closes')
const maps = userSide('methods of the map handle: get, set, insert, replace, delete, iteration')
const rings = userSide('`map.on(callback)`, `for await`, `drain`: records are decoded')
const codecs = userSide('codecs of keys and values are made from the declarations')

export const USER_SPACE: Plan = {
  '(asdf:load-system "whistler/loader") #3': objects,
  '(whistler/loader:with-bpf-object (obj "my-prog.bpf.o")': objects,
  '(let ((obj (whistler/loader:open-bpf-object "my-prog.bpf.o")))': objects,
  '(whistler/loader:bpf-object-map obj "my_map") ;; -> map-info or nil': objects,
  '(attach-kprobe prog-fd "function_name")': attach,
  '(attach-uprobe prog-fd "/path/to/binary" "symbol_name")': attach,
  '(attach-tracepoint prog-fd "tracepoint/sched/sched_process_fork")': attach,
  '(attach-xdp prog-fd "eth0")': attach,
  '(attach-tc prog-fd "eth0")': attach,
  '(attach-cgroup prog-fd "/sys/fs/cgroup" +bpf-cgroup-inet-egress+)': attach,
  '(attach-obj-kprobe obj "prog_name" "function_name" :retprobe nil)': attach,
  '(detach attachment)': attach,
  '(map-lookup map-info key-bytes)': maps,
  '(map-update map-info key-bytes value-bytes)': maps,
  '(map-delete map-info key-bytes)': maps,
  '(map-get-next-key map-info key-bytes)': maps,
  '(encode-int-key 42 4) ;; -> #(42 0 0 0) (4-byte LE)': codecs,
  '(defstruct stats-entry': codecs,
  '(defstruct flow-key': codecs,
  '(let ((key nil))': maps,
  '(let ((key nil)) #2': maps,
  '(let ((values (map-lookup percpu-map (encode-int-key 0 4))))': maps,
  '(let ((consumer (open-ring-consumer map-info': rings,
  '(with-decoding-ring-consumer (consumer map-info decoder callback)': rings,
  '(close-ring-consumer consumer)': rings,
  ';; Given: (defstruct conn-event (src-addr u32) (dst-addr u32) (port u16))': rings,
  '(with-bpf-session ()': userSide('the syntax of sessions: modules and `prog.load()`'),
  '(bpf:map-ref my-map 0) ;; -> integer or nil': maps,
  '(asdf:load-system "whistler/loader") #4': objects,
  '(asdf:load-system "whistler/loader") #5': session(),
  '(with-bpf-session () #2': session(),
}
