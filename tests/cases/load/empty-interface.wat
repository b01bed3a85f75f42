;; Exports the right name with nothing behind it.
(component
  (component $nothing)
  (instance $policy (instantiate $nothing))
  (export "weir:interceptor/policy@0.1.0" (instance $policy)))
