package dev.millrace.simulation;

import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.Index;
import dev.millrace.loaders.Json;
import dev.millrace.loaders.Scale;
import dev.millrace.loaders.Unsigned;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Odd records of indexers: with methods that throw, and columns for odd values. */
final class OddRows {
  private OddRows() {}

  /** Has a column of every type that can hold odd values. */
  @Entity
  record Parcel(
      @Id EventId id,
      String text,
      @Index String key,
      double weight,
      @Nullable BigInteger amount,
      @Nullable @Unsigned BigInteger count,
      @Nullable @Scale(6) BigDecimal price,
      @Nullable Instant seen,
      Bytes bytes,
      Json json,
      List<String> tags) {
    static Parcel of(EventId id) {
      return new Parcel(
          id, "", "", 0, null, null, null, null, Bytes.of(new byte[0]), Json.NULL, List.of());
    }
  }

  /** Throws from {@code equals}, {@code hashCode} and {@code toString}. */
  @Entity
  record Touchy(@Id EventId id, long value) {
    @Override
    public boolean equals(@Nullable Object other) {
      throw new IllegalStateException("not comparable");
    }

    @Override
    public int hashCode() {
      throw new IllegalStateException("no hash");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no description");
    }
  }

  /** Has an accessor that throws for some values. */
  @Entity
  record Secretive(@Id EventId id, String value) {
    @Override
    public String value() {
      if (value.equals("secret")) {
        throw new IllegalStateException("not shown");
      }
      return value;
    }
  }

  /** Has an accessor that throws in the stage named by its value, where a store writes the row. */
  @Entity
  record Fickle(@Id EventId id, String value) {
    @Override
    public String value() {
      String thread = Thread.currentThread().getName();
      if (thread.endsWith("-" + value)) {
        throw new IllegalStateException("not here");
      }
      return value;
    }
  }

  /** Has a constructor that changes its arguments. */
  @Entity
  record Tidy(@Id Address id, String value, List<String> tags) {
    Tidy {
      value = value.strip();
      tags = new ArrayList<>(tags);
    }
  }

  /** Has an id that could be mistaken for part of a statement, or of an escape. */
  @Entity
  record Label(@Id String key, @Id EventId of, long value) {}

  /** A parcel as a later event has read it; empty if that event found none. */
  @Entity
  record Sight(@Id EventId id, EventId of, String seen) {}

  /** Describes all columns, so that one wrong bit changes the text. */
  static String describe(Parcel parcel) {
    return "text=%d:%x key=%x weight=%x amount=%s count=%s price=%s seen=%s bytes=%d:%x json=%x tags=%d:%x"
        .formatted(
            parcel.text().length(),
            parcel.text().hashCode(),
            parcel.key().hashCode(),
            Double.doubleToLongBits(parcel.weight()),
            parcel.amount(),
            parcel.count(),
            parcel.price(),
            parcel.seen(),
            parcel.bytes().length(),
            parcel.bytes().hashCode(),
            parcel.json().hashCode(),
            parcel.tags().size(),
            parcel.tags().hashCode());
  }

  /** Returns these tables together with those of {@link SimulatedRows}. */
  static List<EntityType<?>> withSimRows() {
    List<EntityType<?>> types = new ArrayList<>(SimulatedRows.types());
    types.add(EntityType.of(Parcel.class));
    types.add(EntityType.of(Touchy.class));
    types.add(EntityType.of(Secretive.class));
    types.add(EntityType.of(Tidy.class));
    types.add(EntityType.of(Fickle.class));
    types.add(EntityType.of(Label.class));
    types.add(EntityType.of(Sight.class));
    return List.copyOf(types);
  }
}
