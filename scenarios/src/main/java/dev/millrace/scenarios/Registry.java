package dev.millrace.scenarios;

import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.pipeline.Indexer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Names owned by accounts: registered, moved, released and registered again.
 *
 * <p>The names of an owner are counted anew by a query after every change, never by adding one to
 * the old count, so that a read which misses a change leaves a wrong number behind.
 */
public final class Registry {

  @Event("NameRegistered(string name, address indexed owner)")
  public record Registered(String name, Address owner) {}

  @Event("NameTransferred(string name, address indexed to)")
  public record Moved(String name, Address to) {}

  @Event("NameReleased(string name)")
  public record Released(String name) {}

  @Entity
  public record Name(@Id String name, @Index Address owner, long since, int moves) {}

  @Entity
  public record Owner(@Id Address address, long names, long moves, String first) {}

  /** A name that changed hands; null stands before the first owner and after the last. */
  @Entity(immutable = true)
  public record Change(
      @Id EventId id, @Index String name, @Nullable Address from, @Nullable Address to) {}

  static Indexer indexer() {
    return Evm.indexer("registry")
        .entities(Name.class, Owner.class, Change.class)
        .contract(
            "Registry",
            registry ->
                registry
                    .on(Registered.class, Registry::registered)
                    .on(Moved.class, Registry::moved)
                    .on(Released.class, Registry::released))
        .build();
  }

  private static void registered(Registered event, EvmContext context) {
    Optional<Name> before = context.find(Name.class, event.name());
    context.save(new Name(event.name(), event.owner(), context.block().number(), 0));
    changed(context, event.name(), before, event.owner());
  }

  private static void moved(Moved event, EvmContext context) {
    Optional<Name> before = context.find(Name.class, event.name());
    if (before.isEmpty()) {
      return; // the chain lets anyone claim that a name moved
    }
    Name name = before.get();
    context.save(new Name(name.name(), event.to(), name.since(), name.moves() + 1));
    changed(context, event.name(), before, event.to());
  }

  private static void released(Released event, EvmContext context) {
    Optional<Name> before = context.find(Name.class, event.name());
    if (before.isEmpty()) {
      return;
    }
    context.delete(Name.class, event.name());
    changed(context, event.name(), before, null);
  }

  private static void changed(
      EvmContext context, String name, Optional<Name> before, @Nullable Address to) {
    Address from = before.map(Name::owner).orElse(null);
    context.save(new Change(context.eventId(), name, from, to));
    if (from != null) {
      count(context, from);
    }
    if (to != null) {
      count(context, to);
    }
  }

  private static void count(EvmContext context, Address owner) {
    List<Name> names = context.query(Name.class).where(Name::owner).is(owner).list();
    if (names.isEmpty()) {
      context.delete(Owner.class, owner);
      return;
    }
    long moves = names.stream().mapToLong(Name::moves).sum();
    context.save(new Owner(owner, names.size(), moves, names.getFirst().name()));
  }
}
