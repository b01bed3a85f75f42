//! Wasmtime set-ups. A policy runs under the one that fits its memory and metering.
//!
//! Resetting an instance between calls should cost no system calls. A guest with little memory keeps it resident and is
//! reset by copying; for a large one the kernel reports which pages were touched.

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Largest initial memory reset by copying.
pub const SMALL_MEMORY: u64 = 256 << 10;

/// Maximum memory in any profile; `limits.memory` may not be larger. Only address space is reserved, not memory.
pub const MAX_MEMORY: usize = 1 << 30;

/// Maximum elements of one table in any profile.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;

/// Native stack for guest code, in bytes; deeper recursion traps.
const WASM_STACK: usize = 256 << 10;

/// One way to set up wasmtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Whether instructions are counted.
    pub metered: bool,
    /// How instances are reset.
    pub memory: MemoryClass,
}

/// The size of an instance's initial memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemoryClass {
    /// At most [`SMALL_MEMORY`].
    Small,
    /// More.
    Large,
}

impl Profile {
    /// The number of profiles.
    pub const COUNT: usize = 4;

    /// A distinct number below [`Profile::COUNT`].
    pub const fn index(self) -> usize {
        (self.metered as usize) * 2 + matches!(self.memory, MemoryClass::Large) as usize
    }

    /// The set-up for serving calls.
    pub fn config(self, instances: u32) -> Config {
        let mut pool = PoolingAllocationConfig::new();
        // A component built with the standard tools has 3 to 5 core instances, 1 memory and 2 or 3 tables; composed
        // ones have more and share the totals.
        pool.total_component_instances(instances)
            .total_core_instances(instances.saturating_mul(6))
            .total_memories(instances.saturating_mul(2))
            .total_tables(instances.saturating_mul(6))
            .total_stacks(instances)
            .max_core_instances_per_component(40)
            .max_memories_per_component(8)
            .max_tables_per_component(40)
            .max_component_instance_size(1 << 20)
            .max_core_instance_size(1 << 20)
            .max_memory_size(MAX_MEMORY)
            .table_elements(MAX_TABLE_ELEMENTS)
            .max_unused_warm_slots(instances)
            .async_stack_keep_resident(16 << 10)
            .table_keep_resident(32 << 10);
        match self.memory {
            MemoryClass::Small => {
                pool.linear_memory_keep_resident(SMALL_MEMORY as usize);
            }
            MemoryClass::Large => {
                pool.linear_memory_keep_resident(1 << 20);
                if PoolingAllocationConfig::is_pagemap_scan_available() {
                    pool.pagemap_scan(Enabled::Yes);
                }
            }
        }
        let mut config = shared();
        config.consume_fuel(self.metered).allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        config
    }
}

/// The set-up for running `configure` once: fast to compile, no pooling.
pub fn builder() -> Config {
    let mut config = shared();
    config.cranelift_opt_level(OptLevel::None).allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config
}

fn shared() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // The contract uses no concurrency inside a guest, and enabling it doubles the cost of a call.
        .concurrency_support(false)
        // The address map would make up half of the compiled code, and nothing reads it.
        .generate_address_map(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(WASM_STACK + (256 << 10));
    config
}
