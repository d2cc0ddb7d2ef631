{{- define "bostan.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "bostan.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "bostan.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "bostan.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bostan.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "bostan.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- /* What never changes over the life of a release: used to select. Takes (dict "root" $ "part" NAME). */ -}}
{{- define "bostan.selectorLabels" -}}
app.kubernetes.io/name: {{ include "bostan.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "bostan.labels" -}}
{{ include "bostan.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* Takes (dict "root" $ "image" IMAGE). */ -}}
{{- define "bostan.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ default .root.Chart.AppVersion .image.tag }}
{{- end -}}
{{- end -}}

{{- define "bostan.pullSecrets" -}}
{{- with .Values.imagePullSecrets -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- /* The least that a container can do with. */ -}}
{{- define "bostan.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- define "bostan.restrictedPod" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "bostan.agentTokenSecret" -}}
{{- default (printf "%s-agent-token" (include "bostan.fullname" .)) .Values.agent.token.existingSecret -}}
{{- end -}}

{{- define "bostan.agentCentre" -}}
{{- default (printf "%s-grpc:8441" (include "bostan.fullname" .)) .Values.agent.centre -}}
{{- end -}}

{{- /* Combinations that cannot work, each with its consequence and the remedy. */ -}}
{{- define "bostan.checkAgent" -}}
{{- if not .Values.agent.park -}}
{{- fail "agent.park is empty: an agent belongs to a park. Set agent.park to the park's name." -}}
{{- end -}}
{{- if not (or .Values.agent.insecure .Values.agent.tls.enabled) -}}
{{- fail "agent.insecure and agent.tls.enabled are both false: agents would refuse to send their token to the centre in clear. Set agent.tls.enabled=true and agent.centre to a gateway where TLS ends, or agent.insecure=true if nobody else is on that network." -}}
{{- end -}}
{{- if and .Values.agent.tls.enabled (not .Values.agent.centre) -}}
{{- fail "agent.tls.enabled is true, but agent.centre is empty, and this release's own centre does not speak TLS: set agent.centre to the HOST:PORT of a gateway where TLS ends." -}}
{{- end -}}
{{- if and (not .Values.agent.centre) (not .Values.centre.insecure) -}}
{{- fail "agent.centre is empty, so the agents dial this release's centre, but centre.insecure is false: it listens inside its pod only. Set centre.insecure=true, or agent.centre to another centre's HOST:PORT." -}}
{{- end -}}
{{- if not (or .Values.agent.token.existingSecret .Values.agent.token.value) -}}
{{- fail "agent.token is empty: the centre would refuse the agents. Make a token with `bostan park token`, put it into a Secret, and name that in agent.token.existingSecret." -}}
{{- end -}}
{{- end -}}

{{- define "bostan.agentEnv" -}}
- name: BOSTAN_TOKEN_FILE
  value: /etc/bostan/token/token
- name: BOSTAN_AGENT_STATE_DIR
  value: /var/lib/bostan-agent
- name: BOSTAN_AGENT_NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
- name: BOSTAN_AGENT_ADDRESS
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- if .Values.agent.tls.enabled }}
- name: BOSTAN_AGENT_TLS
  value: "true"
{{- end }}
{{- if .Values.agent.tls.caSecret }}
- name: BOSTAN_AGENT_TLS_CA_FILE
  value: /etc/bostan/ca/ca.crt
{{- end }}
- name: NVIDIA_VISIBLE_DEVICES
  value: all
- name: NVIDIA_DRIVER_CAPABILITIES
  value: utility,compute
{{- end -}}

{{- /* REST is plain HTTP inside the cluster, behind whatever ends TLS; hence `insecure`. The agents' link leaves the
pod only when that was asked for. */ -}}
{{- define "bostan.centreConfig" -}}
data_dir: /var/lib/bostan
listen: 0.0.0.0:8440
agents_listen: {{ if .Values.centre.insecure }}0.0.0.0{{ else }}127.0.0.1{{ end }}:8441
insecure: true
{{- range $name, $value := .Values.centre.settings }}
{{ $name }}: {{ $value | toJson }}
{{- end }}
{{- end -}}
