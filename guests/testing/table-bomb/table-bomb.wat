;; Grows a table until it is stopped.
;;
;; Text, because Rust cannot grow a table of WebAssembly. It is a core module in the canonical ABI of the
;; world `weir:interceptor/interceptor`; README.md says how to make a component of it. Where growing is
;; refused by an answer instead of a trap, it traps by itself.
(module
  (memory (export "memory") 2)
  (table $table 1 funcref)

  ;; The only string that the host hands over is the configuration; it is not kept.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (if (i32.gt_u (local.get $size) (i32.const 65536)) (then unreachable))
    (i32.const 65536))

  (func (export "weir:interceptor/policy@0.1.0#describe") (result i32)
    (i32.const 1024))

  ;; ok: the discriminant at 2048 is 0.
  (func (export "weir:interceptor/policy@0.1.0#configure") (param $config i32) (param $length i32) (result i32)
    (i32.const 2048))

  (func (export "weir:interceptor/policy@0.1.0#intercept")
    (param $call i32) (param $payload i32) (param $has_request i32) (param $request i32) (result i32)
    (loop $again
      (if (i32.eq (table.grow $table (ref.null func) (i32.const 256)) (i32.const -1)) (then unreachable))
      (br $again))
    unreachable)

  ;; The declaration, 96 bytes of which all that is absent is zero:
  ;; name at 0, kind (0: validation) at 32, hooks at 36.
  (data (i32.const 1024) "\00\10\00\00" "\0a\00\00\00")
  (data (i32.const 1060) "\00\0c\00\00" "\02\00\00\00")
  ;; Two hooks of 12 bytes: events, phase.
  (data (i32.const 3072) "\00\0e\00\00" "\01\00\00\00" "\00\00\00\00")
  (data (i32.const 3084) "\00\0e\00\00" "\01\00\00\00" "\01\00\00\00")
  ;; One event, `*`.
  (data (i32.const 3584) "\0a\10\00\00" "\01\00\00\00")
  (data (i32.const 4096) "table-bomb*"))
