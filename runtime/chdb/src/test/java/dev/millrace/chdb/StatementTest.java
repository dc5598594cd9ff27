package dev.millrace.chdb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StatementTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "SELECT 1 | SELECT 1 > TSV",
        "select 1 format JSON | select 1 > JSON",
        "SELECT 1; ; | SELECT 1 > TSV",
        "SELECT 1 FORMAT JSON SETTINGS a = 1 | SELECT 1 > JSON SETTINGS a = 1",
        "SELECT 1 SETTINGS a = 1 FORMAT JSON | SELECT 1 SETTINGS a = 1 > JSON",
        "SELECT format FROM t | SELECT format FROM t > TSV",
        "SELECT x AS format | SELECT x AS format > TSV",
        "SELECT 'FORMAT JSON' | SELECT 'FORMAT JSON' > TSV",
        "SELECT (SELECT 1 FORMAT JSON) | SELECT (SELECT 1 FORMAT JSON) > TSV",
        "SELECT 1 -- FORMAT JSON | SELECT 1 > TSV",
        "SELECT 1 // it's FORMAT JSON | SELECT 1 > TSV",
        "SELECT 1 /* a /* b */ FORMAT JSON */ | SELECT 1 > TSV",
        "SELECT ‘it''s; FORMAT JSON’ FORMAT CSV | SELECT ‘it''s; FORMAT JSON’ > CSV",
        "SELECT “a ' b” FORMAT CSV | SELECT “a ' b” > CSV",
        "SELECT '\\'; FORMAT XML' FORMAT CSV | SELECT '\\'; FORMAT XML' > CSV",
        "SELECT $q$ '; FORMAT XML $q$ FORMAT CSV | SELECT $q$ '; FORMAT XML $q$ > CSV",
        "/* why */ WITH 1 AS x SELECT x | /* why */ WITH 1 AS x SELECT x > TSV",
        "(SELECT 1) UNION ALL (SELECT 2) FORMAT CSV | (SELECT 1) UNION ALL (SELECT 2) > CSV",
        "SHOW TABLES | SHOW TABLES > TSV",
        "EXISTS t FORMAT JSON | EXISTS t > JSON",
      })
  void rows_goIntoAFileInTheirFormat(String sql, String expected) {
    Statement.Rows rows = (Statement.Rows) Statement.of(sql.getBytes(UTF_8));

    assertThat(
            new String(rows.into("F", "TSV"), UTF_8)
                .replace("\nINTO OUTFILE 'F' TRUNCATE FORMAT", " >")
                .replaceAll(" +", " ")
                .strip())
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "INSERT INTO t FORMAT TSV~1 | INSERT INTO t < FORMAT TSV | 1",
        "insert into t format RowBinary~ ~x | insert into t < FORMAT RowBinary | ' ~x'",
        "INSERT INTO t VALUES (1), ('a;b') | INSERT INTO t < FORMAT Values | ' (1), (''a;b'')'",
        "INSERT INTO t VALUES | INSERT INTO t < FORMAT Values | ''",
        "INSERT INTO db.t (a, b) VALUES (1) | INSERT INTO db.t (a, b) < FORMAT Values | ' (1)'",
        "INSERT INTO TABLE t (`format`, values) FORMAT CSV 1 | INSERT INTO TABLE t (`format`, values) < FORMAT CSV | 1",
        "INSERT INTO values FORMAT CSV 1 | INSERT INTO values < FORMAT CSV | 1",
        "INSERT INTO `a b`.`values` SETTINGS x = 1, y = 'VALUES' FORMAT CSV 1 | INSERT INTO `a b`.`values` < SETTINGS x = 1, y = 'VALUES' FORMAT CSV | 1",
        "INSERT INTO t SETTINGS x = 1 VALUES (1) | INSERT INTO t < SETTINGS x = 1 FORMAT Values | ' (1)'",
        "INSERT INTO FUNCTION null('a UInt8') FORMAT CSV 1 | INSERT INTO FUNCTION null('a UInt8') < FORMAT CSV | 1",
        "INSERT INTO {t:Identifier} (a) FORMAT CSV 1 | INSERT INTO {t:Identifier} (a) < FORMAT CSV | 1",
      })
  void insertion_readsItsDataFromAFile(String sql, String expected, String data) {
    String text = sql.replace("~", "\n");
    Statement.Insertion insertion = (Statement.Insertion) Statement.of(text.getBytes(UTF_8));

    assertThat(
            new String(insertion.from("F"), UTF_8)
                .replace("\nFROM INFILE 'F' COMPRESSION 'gzip'", "<")
                .replaceAll("\\s+", " "))
        .isEqualTo(expected);
    assertThat(text.substring(insertion.dataStart()))
        .isEqualTo(data.replaceAll("^'|'$", "").replace("''", "'").replace("~", "\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CREATE TABLE t (format String) ENGINE = Memory",
        "INSERT INTO t SELECT format FROM u",
        "INSERT INTO t (a) WITH 1 AS x SELECT x",
        "INSERT INTO t (SELECT 1)",
        "WITH 1 AS x INSERT INTO t SELECT x",
        "SET x = 1",
        "KILL QUERY WHERE 1"
      })
  void other_goesAsItIs(String sql) {
    assertThat(Statement.of(sql.getBytes(UTF_8))).isEqualTo(new Statement.Other(sql));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "SELECT 1;; | false",
        "INSERT INTO t VALUES (';') | false",
        "SELECT ';' | true",
        "INSERT INTO t SETTINGS x = ';' FORMAT CSV 1 | true",
        "KILL QUERY WHERE query_id = ';' | true",
      })
  void semicolon_withinAStatementLeavesADoubt(String sql, boolean expected) {
    assertThat(Statement.of(sql.getBytes(UTF_8)).inDoubt().isPresent()).isEqualTo(expected);
  }

  @Test
  void insertion_isSeenOnlyOnceItsFormatIs() {
    assertThat(Statement.insertion("INSERT INTO t (a".getBytes(UTF_8))).isEmpty();
    assertThat(Statement.insertion("INSERT INTO t (a) FORMAT".getBytes(UTF_8))).isEmpty();
    assertThat(Statement.insertion("INSERT INTO t (a) FORMAT CSV".getBytes(UTF_8))).isPresent();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "INSERT INTO t SETTINGS max_threads=1; SET ROLE owner; INSERT INTO t FORMAT CSV | Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed): failed at position 37 (end of query). (SYNTAX_ERROR)",
        "SELECT 1; SELECT 2 | Code: 62. DB::Exception: Syntax error (Multi-statements are not allowed): failed at position 9 (end of query). (SYNTAX_ERROR)",
        "-- nothing | Code: 62. DB::Exception: Empty query. (SYNTAX_ERROR)",
        "SELECT 1 INTO OUTFILE 'x' | Code: 155. DB::Exception: INTO OUTFILE is not allowed. (INTO_OUTFILE_NOT_ALLOWED)",
        "INSERT INTO t FROM INFILE 'x' FORMAT CSV | Code: 78. DB::Exception: Query has infile and was send directly to server. (UNKNOWN_TYPE_OF_QUERY)",
      })
  void statement_thatAServerRefusesIsRefused(String sql, String message) {
    assertThatThrownBy(() -> Statement.of(sql.getBytes(UTF_8)))
        .isInstanceOf(ChdbException.class)
        .hasMessage(message);
  }
}
