{{- define "mail.selectorLabels" -}}
app.kubernetes.io/name: mail
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "mail.labels" -}}
{{ include "mail.selectorLabels" . }}
app.kubernetes.io/component: mail
app.kubernetes.io/part-of: hey
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Postfix's main.cf. */}}
{{- define "mail.postfix" -}}
compatibility_level = 3.10
myhostname = {{ .Release.Name }}.{{ .Values.domain }}
myorigin = {{ .Values.domain }}
mydestination =
mynetworks = 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16
inet_interfaces = all
maillog_file = /dev/stdout
smtpd_relay_restrictions = permit_mynetworks, reject
{{- if .Values.relayHost }}
relayhost = {{ .Values.relayHost }}
smtp_tls_security_level = encrypt
{{- else }}
default_transport = discard:
relay_transport = discard:
{{- end }}
{{- end -}}
