/** The cookbook. */
import { doubleBase, inConnect4, type Plan, program, session, userSide } from '../treatment.ts'

export const COOKBOOK: Plan = {
  '(in-package #:whistler) #2': program(),
  '(in-package #:whistler) #3': doubleBase,
  '(in-package #:whistler) #4': program(),
  '(asdf:load-system "whistler/loader") #6': session('unknown-form'), // of `(run)`; `defun` alone is compile time
  '(require :asdf) #3': session(),
  '(in-package #:whistler) #5': program(),
  '(asdf:load-system "whistler/loader") #7': userSide('attaches an object to a cgroup and reads a map'),
  '(socket-pid, original-ip/port,': { as: 'no Lisp', reason: 'a line of a drawing' },
  ';; socket cookie → original destination IP (before redirect)': program(),
  ';; Read the original destination': inConnect4('(defconstant +localhost-nbo+ #x0100007f)'),
  '(let* ((pkt (make-pkt-buf))': program({
    before: '(defstruct pkt-buf (bytes (array u8 20)))',
    wrap: '(defprog egress (:type :cgroup-skb :section "cgroup_skb/egress") $ 1)',
  }),
  '(defstruct event #2': program({
    before: `(defconstant +http-redirect+ 1)
      (defmap events :type :ringbuf :max-entries 4096)`,
    replace: [
      [
        /\(let [\s\S]*$/,
        '(defprog egress (:type :cgroup-skb :section "cgroup_skb/egress") (let ((pid 1) (port 80) (daddr 2)) $&) 1)',
      ],
    ],
  }),
}
