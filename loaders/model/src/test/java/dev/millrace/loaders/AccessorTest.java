package dev.millrace.loaders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Records whose accessors throw, at once or later. */
final class AccessorTest {
  private static final AtomicInteger CALLS = new AtomicInteger();

  @Entity
  record Once(@Id long id, String value, long number) {
    @Override
    public String value() {
      if (CALLS.incrementAndGet() > 1) {
        throw new IllegalStateException("asked twice");
      }
      return value;
    }

    @Override
    public long number() {
      throw new AssertionError("never");
    }
  }

  @Test
  @Tag("H5")
  @DisplayName("H5 an accessor that throws at its second call is named with its entity and row")
  void accessor_thatThrowsLaterIsNamed() {
    EntityType<Once> type = EntityType.of(Once.class);
    Once row = new Once(1, "a", 2);
    List<EntityColumn> columns = type.columns();
    columns.get(1).value(row);

    assertThatThrownBy(() -> columns.get(1).value(row))
        .isInstanceOfSatisfying(
            AccessorException.class,
            failure -> {
              assertThat(failure.remedy()).isEqualTo(Remedy.FIX_HANDLER);
              assertThat(failure.row()).isSameAs(row);
            })
        .hasMessage(
            "accessor failed: entity=Once field=value error=java.lang.IllegalStateException: asked"
                + " twice");
    assertThatThrownBy(() -> columns.get(2).bits(row))
        .isInstanceOf(AccessorException.class)
        .hasMessageContaining("entity=Once field=number error=java.lang.AssertionError: never");
  }
}
