{{- define "redis.selectorLabels" -}}
app.kubernetes.io/name: redis
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "redis.labels" -}}
{{ include "redis.selectorLabels" . }}
app.kubernetes.io/component: redis
app.kubernetes.io/part-of: hey
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/*
Kubernetes labels the pods of a StatefulSet with its name, a dash and a hash of up to 10 characters,
and a label ends at 63: 52 are left for the name, while a release's may have 53.
*/}}
{{- define "redis.statefulSet" -}}
{{- if le (len .Release.Name) 52 -}}
{{ .Release.Name }}
{{- else -}}
{{ .Release.Name | trunc 45 | trimSuffix "-" }}-{{ .Release.Name | sha256sum | trunc 6 }}
{{- end -}}
{{- end -}}
