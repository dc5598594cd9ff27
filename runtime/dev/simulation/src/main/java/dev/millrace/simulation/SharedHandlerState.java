package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.pipeline.Context;
import dev.millrace.simulation.SimulatedRows.Account;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;

/** State that a program's handlers keep outside their Contexts, for the life of a process. */
final class SharedHandlerState {
  final ReentrantLock lock = new ReentrantLock();
  final AtomicLong counter = new AtomicLong();
  final Map<Address, Optional<Account>> memo = new HashMap<>();
  final Map<Address, Optional<Account>> safeMemo = new ConcurrentHashMap<>();
  final AtomicReference<Context> kept = new AtomicReference<>();
  final EffectHabits.Definitions effects;
  private final Queue<String> wrongs = new ConcurrentLinkedQueue<>();

  /** {@code calm} means that no outside service fails. */
  SharedHandlerState(boolean calm) {
    effects = new EffectHabits.Definitions(calm);
  }

  /** Notes that a handler saw something that no handler may see. */
  void wrong(String what) {
    wrongs.add(what);
  }

  List<String> wrongs() {
    return List.copyOf(wrongs);
  }
}
