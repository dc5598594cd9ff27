package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.Scale;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The tables of simulated programs: together they have every shape of id and of column. */
final class SimulatedRows {
  private SimulatedRows() {}

  enum Kind {
    ZINC,
    AMBER,
    OPAL
  }

  /** A hot row that is read, changed and written. */
  @Entity
  record Account(@Id Address address, BigInteger balance, long moves, @Nullable String label) {
    int digest() {
      return Objects.hash(address, balance, moves, label);
    }
  }

  /** A composite id, and fields that queries filter by. */
  @Entity
  record Item(
      @Id String name,
      @Id int part,
      @Index String owner,
      @Nullable @Scale(6) BigDecimal price,
      long level,
      Kind kind) {
    int digest() {
      return Objects.hash(name, part, owner, price, level, kind.name());
    }
  }

  /** The values that are hardest to keep equal. */
  @Entity
  record Spot(@Id long id, String zone, @Nullable Instant seen, double weight, List<String> tags) {
    int digest() {
      return Objects.hash(id, zone, seen, weight, tags);
    }
  }

  /** The digest of everything that an event has read, so that one wrong read is one wrong row. */
  @Entity(immutable = true)
  record Trace(@Id EventId id, String zone, long digest) {
    int digestOfRow() {
      return Objects.hash(id, zone, digest);
    }
  }

  static List<EntityType<?>> types() {
    return List.of(
        EntityType.of(Account.class),
        EntityType.of(Item.class),
        EntityType.of(Spot.class),
        EntityType.of(Trace.class));
  }
}
