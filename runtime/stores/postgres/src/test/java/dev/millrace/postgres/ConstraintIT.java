package dev.millrace.postgres;

import static dev.millrace.postgres.PostgresFixture.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EntityType;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.loaders.Unsigned;
import dev.millrace.pipeline.CommitGroup;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A data error names the row, the handler and the event, and leaves nothing behind. */
final class ConstraintIT {
  private static final int MANY = 10_000;

  private static PostgresFixture.Note note(int log) {
    return new PostgresFixture.Note(EventId.of(7, log), "text");
  }

  private static MillraceException refused(PostgresFixture lab, CommitGroup group) {
    MillraceException refused =
        catchThrowableOfType(MillraceException.class, () -> lab.lane.commit(group));
    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_HANDLER);
    return refused;
  }

  @Test
  @Tag("C4")
  @DisplayName("C4 a duplicate id in a batch of 10,000 names table, id, handler and event")
  void duplicateInABatch_isNamed() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      CommitGroup group =
          lab.group(
              lab.batch(script -> {
                script.save(token(1, "a", 1));
                for (int log = 0; log < MANY; log++) {
                  script.save(note(log));
                }
                script.event("Token.Doubled", () -> lab.staged.save(note(5_000)));
              }));
      assertThat(refused(lab, group))
          .hasMessage(
              "row is saved twice: table=note key=7-5000"
                  + " block=1 logIndex=10001 handler=Token.Doubled");
      assertThat(lab.tokens()).isEmpty();
      assertThat(lab.rows("note", "id")).isEmpty();
    }
  }

  @Test
  @Tag("C4")
  @DisplayName("C4 an id that existed before the batch is told apart from one doubled in it")
  void duplicateOfAnOldRow_isNamed() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(note(1))));
      CommitGroup group =
          lab.group(
              lab.batch(script ->
                  script
                      .save(note(0))
                      .event("Token.Again", () -> lab.staged.save(note(1)))
                      .save(note(2))));
      assertThat(refused(lab, group))
          .hasMessage(
              "row exists already: table=note key=7-1 block=2 logIndex=1 handler=Token.Again");
      assertThat(lab.rows("note", "id")).hasSize(1);
    }
  }

  @Test
  void laneGoesOn_afterARefusedGroup() {
    try (PostgresFixture lab = PostgresFixture.fresh()) {
      lab.commit(lab.batch(script -> script.save(note(1))));
      refused(lab, lab.group(lab.batch(script -> script.save(note(1)))));
      lab.commit(lab.batch(script -> script.save(note(2))));
      assertThat(lab.rows("note", "id")).hasSize(2);
    }
  }

  @Entity
  record Named(@Id String name) {}

  private static final EntityType<Named> NAMED = EntityType.of(Named.class);

  @Test
  @Tag("C5")
  @DisplayName("C5 a key that no index can hold is refused, with its event")
  void hugeKey_isRefused() {
    Random random = new Random(1);
    StringBuilder incompressible = new StringBuilder();
    for (int i = 0; i < 6_000; i++) {
      incompressible.append((char) random.nextInt('!', '~'));
    }
    try (PostgresFixture lab = PostgresFixture.of(NAMED)) {
      assertThatThrownBy(() ->
              lab.batch(script ->
                  script.save(new Named("fits")).save(new Named(incompressible.toString()))))
          .as("at the very save, which is inside its event")
          .isInstanceOf(MillraceException.class)
          .hasMessageContaining("entity=Named field=name reason=\"id is too long: bytes=6000");
      assertThat(lab.rows("named", "name")).isEmpty();
    }
  }

  @Entity
  record Wide(
      @Id @Unsigned BigInteger n0,
      @Id @Unsigned BigInteger n1,
      @Id @Unsigned BigInteger n2,
      @Id @Unsigned BigInteger n3,
      @Id @Unsigned BigInteger n4,
      @Id @Unsigned BigInteger n5,
      @Id @Unsigned BigInteger n6,
      @Id @Unsigned BigInteger n7,
      @Id @Unsigned BigInteger n8,
      @Id @Unsigned BigInteger n9,
      @Id @Unsigned BigInteger n10,
      @Id @Unsigned BigInteger n11,
      @Id @Unsigned BigInteger n12,
      @Id @Unsigned BigInteger n13,
      @Id @Unsigned BigInteger n14,
      @Id @Unsigned BigInteger n15,
      @Id @Unsigned BigInteger n16,
      @Id @Unsigned BigInteger n17,
      @Id @Unsigned BigInteger n18,
      @Id @Unsigned BigInteger n19,
      @Id @Unsigned BigInteger n20,
      @Id @Unsigned BigInteger n21,
      @Id @Unsigned BigInteger n22,
      @Id @Unsigned BigInteger n23,
      @Id String name) {}

  private static final EntityType<Wide> WIDE = EntityType.of(Wide.class);
  private static final BigInteger MAX_UINT256 = BigInteger.TWO.pow(256).subtract(BigInteger.ONE);

  private static Wide wide(int length) {
    Random random = new Random(2);
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < length; i++) {
      name.append((char) random.nextInt('!', '~'));
    }
    return new Wide(
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        MAX_UINT256,
        name.toString());
  }

  @Test
  @Tag("C5")
  @DisplayName("C5 numbers in a key leave less room for its text")
  void hugeKeyOfManyParts_isRefused() {
    try (PostgresFixture lab = PostgresFixture.of(WIDE)) {
      lab.commit(lab.batch(script -> script.save(wide(1_504))));
      assertThat(lab.rows("wide", "length(name)::text")).containsExactly("1504");

      assertThatThrownBy(() -> lab.batch(script -> script.save(wide(1_505))))
          .hasMessageContaining("id is too long: bytes=1505 most=1504");
    }
  }
}
