package dev.millrace.postgres.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The text form of settings, and the options that they refuse. */
final class DatabaseSettingsTest {
  private static final String URL = "jdbc:postgresql://host/db";

  @Test
  @DisplayName("a password in a url is in no message")
  void url_isReportedWithoutItsSecrets() {
    assertThatThrownBy(() -> DatabaseSettings.of("postgres://me:s3cr?t@host/db", "me", null))
        .hasMessageContaining("url=postgres:")
        .hasMessageNotContaining("s3cr");
    assertThat(DatabaseSettings.of("jdbc:postgresql://host/db?password=s3cret", "me", "s3cret"))
        .asString()
        .contains("url=jdbc:postgresql://host/db user=me")
        .doesNotContain("s3cret");
  }

  @ParameterizedTest
  @Tag("D28")
  @DisplayName("D28 an option of the driver that no session can work with is refused by its name")
  @ValueSource(
      strings = {
        "preferQueryMode=simple",
        "readOnly=true",
        "readOnlyMode=always",
        "maxResultBuffer=100M",
        "binaryTransferEnable=20",
        "binaryTransferDisable=1016",
        "socketTimeout=60",
        "queryTimeout=60",
        "targetServerType=secondary",
        "targetServerType=preferSecondary",
        "logServerErrorDetail=true",
        "replication=database"
      })
  void option_isRefused(String option) {
    MillraceException refused =
        catchThrowableOfType(
            MillraceException.class,
            () -> DatabaseSettings.of(URL + "?user=me&password=s3cret&" + option, null, null));

    assertThat(refused.remedy()).isEqualTo(Remedy.FIX_SETUP);
    assertThat(refused)
        .hasMessageStartingWith(
            "option in the url of PostgreSQL cannot be used: %s (".formatted(option))
        .hasMessageEndingWith("); take it out of postgres.url")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  @Tag("D28")
  @DisplayName("D28 an option in the wrong capitals, which the driver would pass over, is refused")
  void option_inOtherCapitalsIsRefused() {
    assertThatThrownBy(() -> DatabaseSettings.of(URL + "?sslMode=verify-full", null, null))
        .hasMessageContaining("sslMode (the driver knows it as sslmode)");
  }

  @Test
  void option_thatChangesNothingIsTaken() {
    String harmless = "?readOnly=false&queryTimeout=0&preferQueryMode=extended&sslmode=require";
    assertThat(DatabaseSettings.of(URL + harmless, null, null).url()).endsWith(harmless);
  }
}
