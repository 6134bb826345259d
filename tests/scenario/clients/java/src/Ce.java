// SPDX-License-Identifier: Apache-2.0

import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.http.HttpMessageFactory;
import io.cloudevents.http.impl.HttpMessageWriter;
import io.cloudevents.jackson.JsonFormat;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.OffsetDateTime;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Ce URL CA-FILE MODE COUNT: posts COUNT awkward events, made and encoded by the CloudEvents SDK
 * for Java. MODE is structured or binary (in ASCII: the SDK does not percent-encode, and the JDK's
 * client refuses more). Prints "ID STATUS POSITION" for each event, or "ID STATUS - BODY".
 */
public final class Ce {
    private static final String USAGE = "usage: Ce URL CA-FILE structured|binary COUNT";

    public static void main(String[] args) throws Exception {
        if (args.length != 4) {
            throw new IllegalArgumentException(USAGE);
        }
        URI url = URI.create(args[0]);
        String mode = args[2];
        int count = Integer.parseInt(args[3]);
        HttpClient http = HttpClient.newBuilder().sslContext(trusting(Path.of(args[1]))).build();
        for (int i = 0; i < count; i++) {
            CloudEvent event = awkward(mode, i);
            HttpResponse<String> answer =
                    http.send(request(url, mode, event), HttpResponse.BodyHandlers.ofString());
            String position = answer.headers().firstValue("headgate-position")
                    .orElse("- " + answer.body().replace('\n', ' '));
            System.out.println(event.getId() + " " + answer.statusCode() + " " + position);
        }
    }

    private static SSLContext trusting(Path caFile) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(caFile)) {
            store.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static HttpRequest request(URI url, String mode, CloudEvent event) {
        HttpRequest.Builder request = HttpRequest.newBuilder(url);
        HttpMessageWriter writer = HttpMessageFactory.createWriter(
                request::header,
                body -> request.POST(body == null
                        ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body)));
        switch (mode) {
            case "structured" -> writer.writeStructured(event, new JsonFormat());
            case "binary" -> writer.writeBinary(event);
            default -> throw new IllegalArgumentException(USAGE);
        }
        return request.build();
    }

    /** The same four kinds of data, in turn, in every client. */
    private static CloudEvent awkward(String mode, int i) {
        CloudEventBuilder b = CloudEventBuilder.v1()
                .withId("java-" + mode + "-" + i)
                .withSource(URI.create("/src?x=1&y=a%20b")) // this SDK takes no space
                .withType("com.example.test")
                .withSubject(mode.equals("structured")
                        ? "Zürich \"€\" 100% 😀" : "Zurich \"q\" 100%")
                .withTime(OffsetDateTime.parse("2026-01-02T03:04:05.6789+01:00"))
                .withExtension("mystr", "a,b;c")
                .withExtension("myint", 42)
                .withExtension("mybool", true);
        return switch (i % 4) {
            case 0 -> b.withData("application/json", utf8("{\"a\":1,\"s\":\"ü<&>\"}")).build();
            case 1 -> b.withData("text/plain; charset=utf-8", utf8("hé")).build();
            case 2 -> b.withData("application/octet-stream", new byte[] {0, 1, 2, -1}).build();
            default -> b.build();
        };
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
