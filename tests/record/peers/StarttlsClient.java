// Java's TLS (JSSE), which still can open with an SSLv2-format ClientHello.
// java StarttlsClient.java PROTOCOL... : the protocols to enable, as JSSE names them.
import java.io.*;
import java.net.Socket;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

class StarttlsClient {
    static final X509TrustManager TRUST_ALL = new X509TrustManager() {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}
        public void checkServerTrusted(X509Certificate[] chain, String type) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };

    static void say(Socket socket, BufferedReader in, String line) throws IOException {
        if (line != null) socket.getOutputStream().write((line + "\r\n").getBytes());
        String reply;
        do System.out.println(reply = in.readLine()); while (reply != null && reply.startsWith("-", 3));
    }

    static BufferedReader reader(Socket socket) throws IOException {
        return new BufferedReader(new InputStreamReader(socket.getInputStream()));
    }

    public static void main(String[] protocols) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        String hello = "EHLO " + System.getenv("client_name");
        Socket plain = new Socket(System.getenv("ADDRESS"), 25);
        BufferedReader in = reader(plain);
        say(plain, in, null);
        say(plain, in, hello);
        say(plain, in, "STARTTLS");
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {TRUST_ALL}, null);
        SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, System.getenv("ADDRESS"), 25, true);
        tls.setEnabledProtocols(protocols);
        tls.setEnabledCipherSuites(new String[] {"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"});
        tls.startHandshake();
        System.out.println(tls.getSession().getProtocol() + " " + tls.getSession().getCipherSuite());
        in = reader(tls);
        for (String line : new String[] {hello, "NOOP", "QUIT"}) say(tls, in, line);
        tls.close();
    }
}
