package dev.millrace.staging;

import static dev.millrace.staging.LoaderFixtures.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.QueryBuilder;
import dev.millrace.staging.LoaderFixtures.Token;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operator, over rows in the database, in memory, and one in each. */
final class ConditionTest {
  private static final Token FIFTY = new Token(1, 50, "a", null);
  private static final Token SIXTY = new Token(2, 60, "b", "x");

  record Case(
      String text, Function<QueryBuilder.Where<Token, Long>, QueryBuilder<Token>> asked, int rows) {
    @Override
    public String toString() {
      return text + " gives " + rows;
    }
  }

  static Stream<Arguments> cases() {
    List<Case> cases =
        List.of(
            new Case("eq 50", where -> where.is(50L), 1),
            new Case("gt 50", where -> where.above(50L), 1),
            new Case("gt 49", where -> where.above(49L), 2),
            new Case("lt 50", where -> where.below(50L), 0),
            new Case("lt 51", where -> where.below(51L), 1),
            new Case("ge 50", where -> where.atLeast(50L), 2),
            new Case("ge 51", where -> where.atLeast(51L), 1),
            new Case("le 50", where -> where.atMost(50L), 1),
            new Case("le 49", where -> where.atMost(49L), 0),
            new Case("in {50,60}", where -> where.in(50L, 60L), 2),
            new Case("in {999}", where -> where.in(999L), 0),
            new Case("in {}", where -> where.in(List.<Long>of()), 0));
    return cases.stream()
        .flatMap(one -> Stream.of("database", "memory", "both").map(at -> Arguments.of(one, at)));
  }

  @ParameterizedTest(name = "B6 {0} with rows in {1}")
  @MethodSource("cases")
  @Tag("B6")
  void operator_countsRows(Case one, String where) {
    LoaderFixtures lab = new LoaderFixtures();
    if (!where.equals("memory")) {
      lab.database.put(TOKEN, FIFTY);
    }
    if (where.equals("database")) {
      lab.database.put(TOKEN, SIXTY);
    } else {
      lab.batch(() -> lab.save(SIXTY));
    }
    if (where.equals("memory")) {
      lab.batch(() -> lab.save(FIFTY));
    }

    assertThat(one.asked.apply(lab.query(TOKEN).where(Token::number)).list()).hasSize(one.rows);
    assertThat(one.asked.apply(lab.query(TOKEN).where(Token::number)).limit(9).list())
        .hasSize(one.rows);
  }

  @Test
  @Tag("B6")
  @DisplayName("B6 nothing compares with null")
  void null_matchesNoCondition() {
    LoaderFixtures lab = new LoaderFixtures().opened();
    lab.batch(() -> lab.save(FIFTY, SIXTY));
    assertThat(lab.query(TOKEN).where(Token::label).atMost("z").list()).containsExactly(SIXTY);
    assertThat(lab.query(TOKEN).orderBy(Token::label).list()).containsExactly(SIXTY, FIFTY);
    assertThat(lab.query(TOKEN).orderByDescending(Token::label).list())
        .containsExactly(FIFTY, SIXTY);
  }

  @Test
  @Tag("B7")
  @DisplayName("B7 a null names the entity and the field")
  @SuppressWarnings("NullAway") // the null is the case
  void null_isRefusedAsAnOperand() {
    LoaderFixtures lab = new LoaderFixtures();
    assertThatThrownBy(() -> lab.query(TOKEN).where(Token::owner).is(null))
        .isInstanceOf(MillraceException.class)
        .hasMessage("value is refused: entity=Token field=owner reason=\"value is null\"");
    assertThatThrownBy(() -> TOKEN.id((Object) null))
        .hasMessage("value is refused: entity=Token field=id reason=\"value is null\"");
  }

  @Test
  @Tag("B7")
  @DisplayName("B7 a function that is no accessor names the entity and the fields there are")
  void unknownField_isRefusedWithWhatExists() {
    LoaderFixtures lab = new LoaderFixtures();
    assertThatThrownBy(() -> lab.query(TOKEN).where(token -> token.number() + 1))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity has no such field: entity=Token")
        .hasMessageContaining("known=id,number,owner,label");
    assertThatThrownBy(() -> lab.query(TOKEN).where(Token::hashCode))
        .hasMessageContaining("entity=Token field=hashCode known=id,number,owner,label");
  }

  @Test
  @Tag("B7")
  @DisplayName("B7 a value of the wrong type names the entity, the field and both types")
  @SuppressWarnings({"unchecked", "rawtypes"})
  void wrongType_isRefused() {
    LoaderFixtures lab = new LoaderFixtures();
    QueryBuilder.Where where = lab.query(TOKEN).where(Token::owner);
    assertThatThrownBy(() -> where.is(5))
        .isInstanceOf(MillraceException.class)
        .hasMessageContaining("entity=Token field=owner")
        .hasMessageContaining("expected=String given=Integer");
    assertThatThrownBy(() -> TOKEN.id("one"))
        .hasMessageContaining("entity=Token field=id")
        .hasMessageContaining("expected=Long given=String");
    assertThatThrownBy(() -> TOKEN.id(1L, 2L))
        .hasMessage("id has the wrong number of parts: entity=Token expected=[id] given=2");
    assertThat(TOKEN.id(7)).as("an int names a long id").isEqualTo(7L);
  }

  @Test
  @Tag("B7")
  @DisplayName("B7 an entity that is not part of the indexer is refused by name")
  void unknownEntity_isRefused() {
    LoaderFixtures lab = new LoaderFixtures();
    assertThatThrownBy(() -> lab.store.type(String.class))
        .hasMessage("entity is not part of this indexer: entity=String known=[Token, Pair, Note]");
    assertThatThrownBy(() -> lab.query(TOKEN).limit(0))
        .hasMessage("limit must be positive: limit=0");
  }
}
